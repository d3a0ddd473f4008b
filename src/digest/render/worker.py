"""A program of its own: gets jobs on a socket, answers with mails, until the socket closes.

Templates are people's own and may never end; the renderer can die on hostile input (a deep
nesting overflows its stack). So neither runs inside the program that sends. Frames are a 4-byte
length and a pickled request from our own program; answers are JSON. One byte says it is ready.
"""

import json
import pickle
import resource
import signal
import socket
import struct
import sys
from dataclasses import asdict
from typing import Any, Protocol

from digest.errors import RenderError
from digest.render.press import Press, to_html

_MEMORY = 1 << 30  #: bytes the process may use


class _Both(Protocol):
    """A stream to read from and to write to."""

    def read(self, size: int, /) -> bytes: ...
    def write(self, data: bytes, /) -> int: ...
    def flush(self) -> None: ...


def serve(stream: _Both, seconds: int) -> None:
    """Answer requests until there are no more; give one up after `seconds`."""
    press = Press()
    while request := _read(stream):
        signal.alarm(seconds)  # interrupts a template, which is then named with its line
        signal.setitimer(signal.ITIMER_PROF, seconds + 1)  # ends the process inside native code
        answer = json.dumps(_answer(press, request)).encode()
        signal.alarm(0)
        signal.setitimer(signal.ITIMER_PROF, 0)
        stream.write(struct.pack(">I", len(answer)) + answer)
        stream.flush()


def _read(stream: _Both) -> bytes:
    head = stream.read(4)
    return stream.read(*struct.unpack(">I", head)) if len(head) == 4 else b""


def _answer(press: Press, request: bytes) -> dict[str, Any]:
    try:
        asked = pickle.loads(request)  # noqa: S301 - written by our own program
        return {"html": to_html(asked)} if isinstance(asked, str) else asdict(press.mail(asked))
    except RenderError as exc:
        return {"error": str(exc)}
    except (TimeoutError, MemoryError) as exc:
        return {"error": f"the page takes too long or too much memory: {exc}"}


def _too_long(*_signal: object) -> None:
    raise TimeoutError("this takes too long; look for an endless loop")


if __name__ == "__main__":
    signal.signal(signal.SIGALRM, _too_long)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    with socket.socket(fileno=int(sys.argv[1])) as near, near.makefile("rwb") as both:
        near.sendall(b"+")
        serve(both, int(sys.argv[2]))
