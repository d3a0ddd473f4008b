"""A process of our own that answers requests and may crash or hang without harm: both its ends.

Frames are a 4-byte length and bytes; the child lives until the socket closes.
"""

import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable

_PATIENCE = 3  #: times the computing time a request may take


def serve(answer: Callable[[bytes], bytes]) -> None:
    """Answer requests until there are no more; die when one takes too much computing.

    For the script a `Child` runs, which has the socket and the seconds as its arguments.
    """
    seconds = int(sys.argv[2])
    with socket.socket(fileno=int(sys.argv[1])) as near:
        while request := _received(near):
            # computing time, so that a busy machine refuses nothing; unhandled, its signal ends the
            # process even inside native code
            signal.setitimer(signal.ITIMER_PROF, seconds)
            found = answer(request)
            signal.setitimer(signal.ITIMER_PROF, 0)
            _send(near, found)


class Child:
    """A warm process: started at the first request, started again after a crash."""

    def __init__(self, script: str, seconds: int) -> None:
        self._script = script
        self._seconds = seconds
        self._lock = threading.Lock()
        self._running: _Running | None = None

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """Return the process, started if need be."""
        return self._started().process

    def ask(self, request: bytes) -> bytes:
        """Return the answer to a request, which is not empty; OSError when none comes."""
        with self._lock:
            try:
                return self._started().ask(request)
            except OSError:
                self._drop()
                raise

    def start(self) -> socket.socket:
        """Return our end of the socket, to be told when an answer is there."""
        return self._started().near

    def tell(self, request: bytes) -> None:
        """Send a request whose answer is heard later, in order."""
        _send(self._started().near, request)

    def hear(self) -> bytes:
        """Return the next answer; OSError when the process is gone."""
        return self._started().hear()

    def close(self) -> None:
        """End the process; the next request starts a new one."""
        with self._lock:
            self._drop()

    def _started(self) -> "_Running":
        if self._running is None or self._running.owner != os.getpid():
            self._running = _Running(self._script, self._seconds)
        return self._running

    def _drop(self) -> None:
        if self._running is not None:
            self._running.stop()
            self._running = None


class _Running:
    """One process and our end of its socket."""

    def __init__(self, script: str, seconds: int) -> None:
        self.owner = os.getpid()
        self.near, far = socket.socketpair()
        self.near.settimeout(_PATIENCE * seconds)  # a child that works gives up before
        fd = far.fileno()
        with far:
            self.process = subprocess.Popen(  # noqa: S603 - our own file and two numbers
                # -P: what lies beside the script must not hide a library of the same name
                [sys.executable, "-P", script, str(fd), str(seconds)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(fd,),
                process_group=0,  # Ctrl-C is for us; the child ends with its socket
            )
        self.stop = weakref.finalize(self, _stop, self.process, self.near, self.owner)

    def ask(self, request: bytes) -> bytes:
        """Send one request and wait for the answer; OSError when none comes."""
        _send(self.near, request)
        return self.hear()

    def hear(self) -> bytes:
        """Wait for the next answer; OSError when none comes."""
        found = _received(self.near)
        if not found:
            raise ConnectionError("the child is gone")
        return found


def _send(near: socket.socket, data: bytes) -> None:
    near.sendall(struct.pack(">I", len(data)) + data)


def _received(near: socket.socket) -> bytes:
    """Return the next frame, b"" when the other end is gone."""
    head = _read(near, 4)
    return bytes(_read(near, *struct.unpack(">I", head))) if head else b""


def _read(near: socket.socket, size: int) -> bytearray:
    found = bytearray()
    while len(found) < size:
        part = near.recv(min(size - len(found), 1 << 20))
        if not part:
            return bytearray()
        found += part
    return found


def _stop(process: subprocess.Popen[bytes], near: socket.socket, owner: int) -> None:
    near.close()
    if owner == os.getpid():  # a forked child only closes its copy of the socket
        process.send_signal(signal.SIGKILL)
        process.wait()
