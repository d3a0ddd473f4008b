"""A program of its own: reads MJML from a socket, writes HTML back, until the socket closes.

The renderer can die on hostile input (a deep nesting overflows its stack), so it never runs
inside the program that sends. Frames are a 4-byte length and UTF-8; an answer starts with one
byte, `+` or `-`.
"""

import signal
import socket
import struct
import sys
from typing import Protocol

import mjml


class _Both(Protocol):
    """A stream to read from and to write to."""

    def read(self, size: int, /) -> bytes: ...
    def write(self, data: bytes, /) -> int: ...
    def flush(self) -> None: ...


def serve(stream: _Both, seconds: int) -> None:
    """Answer requests until there are no more; die when one takes longer than `seconds`."""
    while source := _read(stream):
        signal.alarm(seconds)  # unhandled SIGALRM ends the process even inside native code
        answer = _answer(source.decode())
        signal.alarm(0)
        stream.write(struct.pack(">I", len(answer)) + answer)
        stream.flush()


def _read(stream: _Both) -> bytes:
    head = stream.read(4)
    return stream.read(*struct.unpack(">I", head)) if len(head) == 4 else b""


def _answer(source: str) -> bytes:
    try:
        return b"+" + mjml.mjml2html(source, fonts={}, disable_comments=True).encode()
    except ValueError as exc:
        return b"-" + str(exc).encode()


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as near, near.makefile("rwb") as both:
        serve(both, int(sys.argv[2]))
