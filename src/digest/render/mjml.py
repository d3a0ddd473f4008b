"""MJML to HTML in a process of its own that may crash or hang without harm."""

import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import weakref
from pathlib import Path

from digest.errors import RenderError

_WORKER = Path(__file__).with_name("worker.py")
_CONDITION = re.compile(r"(<!--\[if [^\]]*\]>(?:<!-->)?|(?:<!--)?<!\[endif\]-->)")
_OUTLOOK = "<!--[if mso | IE]>"
_END = "<![endif]-->"


class Mjml:
    """A warm renderer: started at the first call, started again after a crash."""

    def __init__(self, seconds: int = 10) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._worker: _Worker | None = None

    def to_html(self, source: str) -> str:
        """Render MJML; RenderError when it is refused, crashes or takes too long."""
        with self._lock:
            answer = self._ask(_with_lf(source).encode("utf-8", "replace"))
        text = answer[1:].decode()
        if answer[:1] != b"+":
            raise RenderError(f"the MJML renderer refused the page: {text}")
        return merge_conditions(text)

    def close(self) -> None:
        """End the process; the next call starts a new one."""
        with self._lock:
            self._drop()

    def _ask(self, source: bytes) -> bytes:
        if self._worker is None or self._worker.owner != os.getpid():
            self._worker = _Worker(self._seconds)
        try:
            return self._worker.ask(source)
        except OSError as exc:
            self._drop()
            raise RenderError(
                f"the MJML renderer crashed or took longer than {self._seconds} seconds; "
                "look for deeply nested or endless markup in the template"
            ) from exc

    def _drop(self) -> None:
        if self._worker is not None:
            self._worker.stop()
            self._worker = None


class _Worker:
    """One process and our end of its socket."""

    def __init__(self, seconds: int) -> None:
        self.owner = os.getpid()
        self._near, far = socket.socketpair()
        self._near.settimeout(seconds + 1)  # the worker gives up first, by its own alarm
        fd = far.fileno()
        with far:
            self.process = subprocess.Popen(  # noqa: S603 - our own file and two numbers
                # -P: this folder's mjml.py must not hide the library of that name
                [sys.executable, "-P", str(_WORKER), str(fd), str(seconds)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(fd,),
                process_group=0,  # Ctrl-C is for us; the worker ends with its socket
            )
        self.stop = weakref.finalize(self, _stop, self.process, self._near, self.owner)

    def ask(self, source: bytes) -> bytes:
        """Send one page and wait for the answer; OSError when none comes."""
        self._near.sendall(struct.pack(">I", len(source)) + source)
        (size,) = struct.unpack(">I", self._read(4))
        return self._read(size)

    def _read(self, size: int) -> bytes:
        found = bytearray()
        while len(found) < size:
            part = self._near.recv(size - len(found))
            if not part:
                raise ConnectionError("the worker is gone")
            found += part
        return bytes(found)


def _with_lf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _stop(process: subprocess.Popen[bytes], near: socket.socket, owner: int) -> None:
    near.close()
    if owner == os.getpid():  # a forked child only closes its copy of the socket
        process.send_signal(signal.SIGKILL)
        process.wait()


def merge_conditions(html: str) -> str:
    """Join neighbouring `mso | IE` conditionals into one, as the reference renderer does."""
    kept: list[str] = []
    opening = ""
    for part in _CONDITION.split(html):
        if part == _OUTLOOK == opening and kept[-2:-1] == [_END] and not kept[-1].strip():
            del kept[-2:]
            continue
        if part.startswith("<!--[if"):
            opening = part
        kept.append(part)
    return "".join(kept)
