"""Who may talk to a host, and who may hold a large answer in memory, at one moment."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from digest.errors import IngestError
from digest.ingest.limits import Limits, Watch


@dataclass(slots=True)
class _Turn:
    lock: threading.Lock = field(default_factory=threading.Lock)
    free_at: float = 0.0  #: no request before that moment
    pause: float = 0.0  #: seconds this host asks for


class Turns:
    """One request at a time to a host with a pause between, and few large bodies in all."""

    def __init__(self, limits: Limits) -> None:
        self._pause = limits.pause
        self._lock = threading.Lock()
        self._hosts: dict[str, _Turn] = {}
        self._large = threading.Semaphore(limits.large_at_once)

    @contextmanager
    def host(self, name: str, watch: Watch) -> Iterator[None]:
        """Wait until no other thread talks to this host, and its last request is a while ago."""
        turn = self._turn(name)
        began = time.monotonic()
        with turn.lock:
            time.sleep(max(0.0, turn.free_at - time.monotonic()))
            watch.begin(waited=time.monotonic() - began)
            turn.free_at = time.monotonic() + max(self._pause, turn.pause)
            yield

    def slow_down(self, name: str, seconds: float) -> None:
        """Leave at least so long between two requests to a host, counted from its last one."""
        turn = self._turn(name)
        turn.free_at += max(0.0, seconds - max(self._pause, turn.pause))
        turn.pause = max(turn.pause, seconds)

    def _turn(self, name: str) -> _Turn:
        with self._lock:
            return self._hosts.setdefault(name, _Turn())

    @contextmanager
    def large(self, watch: Watch) -> Iterator[None]:
        """Wait until fewer large bodies are read at the same time."""
        if not self._large.acquire(timeout=watch.rest()):
            raise IngestError("is large, and too many large answers came at the same time")
        watch.body()
        try:
            yield
        finally:
            self._large.release()
