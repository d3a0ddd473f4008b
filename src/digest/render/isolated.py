"""Mails are made in a process of its own that may crash or hang without harm."""

import json
import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
import threading
import weakref

from digest.errors import RenderError
from digest.model import Rendered
from digest.render.press import Job

_START = 60  #: seconds a busy machine may take to start a process


class Isolated:
    """A warm worker: started at the first call, started again after a crash."""

    def __init__(self, seconds: int = 10) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._worker: _Worker | None = None

    def mail(self, job: Job) -> Rendered:
        """Make a mail; RenderError when a template is wrong, endless or crashes the renderer."""
        answer = self._ask(job)
        return Rendered(answer["subject"], answer["html"], answer["text"])

    def to_html(self, source: str) -> str:
        """Render MJML; RenderError when it is refused, crashes or takes too long."""
        return self._ask(source)["html"]

    def close(self) -> None:
        """End the process; the next call starts a new one."""
        with self._lock:
            self._drop()

    def _ask(self, request: Job | str) -> dict[str, str]:
        with self._lock:
            answer: dict[str, str] = json.loads(self._answer(pickle.dumps(request)))
        if "error" in answer:
            raise RenderError(answer["error"])
        return answer

    def _answer(self, request: bytes) -> bytes:
        try:
            if self._worker is None or self._worker.owner != os.getpid():
                self._worker = _Worker(self._seconds)
            return self._worker.ask(request)
        except OSError as exc:
            self._drop()
            raise RenderError(
                f"the renderer crashed or took longer than {self._seconds} seconds; "
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
        fd = far.fileno()
        with far:
            self.process = subprocess.Popen(  # noqa: S603 - our own module and two numbers
                [sys.executable, "-P", "-m", "digest.render.worker", str(fd), str(seconds)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(fd,),
                process_group=0,  # Ctrl-C is for us; the worker ends with its socket
            )
        self.stop = weakref.finalize(self, _stop, self.process, self._near, self.owner)
        self._near.settimeout(_START)
        self._read(1)  # it is ready: the time of a job does not count the start
        self._near.settimeout(seconds + 2)  # the worker gives up first, by its own alarms

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


def _stop(process: subprocess.Popen[bytes], near: socket.socket, owner: int) -> None:
    near.close()
    if owner == os.getpid():  # a forked child only closes its copy of the socket
        process.send_signal(signal.SIGKILL)
        process.wait()
