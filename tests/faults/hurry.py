"""Let time pass faster for a whole process: ten minutes of patience in a few seconds."""

import select
import socket
import time
from typing import Any


def hurry(times: float) -> None:
    """Make this process's waits `times` shorter and its monotonic clock as much faster."""
    if times == 1:
        return
    start, clock, sleep = time.monotonic(), time.monotonic, time.sleep

    def monotonic() -> float:
        return start + (clock() - start) * times

    def short_sleep(seconds: float) -> None:
        sleep(seconds / times)

    time.monotonic = monotonic
    setattr(time, "sleep", short_sleep)  # noqa: B010
    _hurry_sockets(times)
    _hurry_polls(times)


def _hurry_sockets(times: float) -> None:
    settimeout = socket.socket.settimeout

    def short(self: socket.socket, seconds: float | None) -> None:
        settimeout(self, seconds / times if seconds else seconds)

    setattr(socket.socket, "settimeout", short)  # noqa: B010


def _hurry_polls(times: float) -> None:
    """The event loop waits in an epoll."""
    import selectors

    class Epoll:
        def __init__(self) -> None:
            self._epoll = select.epoll()

        def poll(self, timeout: float | None = None, maxevents: int = -1) -> Any:
            waits = timeout is not None and timeout > 0
            return self._epoll.poll(timeout / times if waits and timeout else timeout, maxevents)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._epoll, name)

    setattr(selectors.EpollSelector, "_selector_cls", Epoll)  # noqa: B010
