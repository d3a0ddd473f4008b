"""A program of its own: makes mails for the program that sends, until its socket closes.

Templates are people's own and may never end; the renderer can die on hostile input (a deep
nesting overflows its stack). Requests are pickled by our own program; answers are JSON.
"""

import json
import pickle
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from digest.child import serve
from digest.errors import RenderError
from digest.render.press import Press, to_html

_MEMORY = 1 << 30  #: bytes the process may use


def answers(seconds: int) -> Callable[[bytes], bytes]:
    """Return what answers a request; it gives one up after so many seconds."""
    press = Press()

    def answer(request: bytes) -> bytes:
        signal.alarm(seconds)  # interrupts a template, which is then named with its line
        found = json.dumps(_answer(press, request)).encode()
        signal.alarm(0)
        return found

    return answer


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
    serve(answers(int(sys.argv[2]) - 1))  # native code is ended a second later
