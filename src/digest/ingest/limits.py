"""How much and how long one fetch may take, what holds it to that, and whose turn it is."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from digest.errors import IngestError


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one fetch, in seconds and bytes."""

    connect: float = 10
    first_byte: float = 10
    whole: float = 60
    grace: float = 10  #: seconds before the floor counts
    floor: int = 1_000  #: bytes a second
    wire: int = 5_000_000  #: compressed
    raw: int = 20_000_000
    ratio: int = 100
    redirects: int = 5
    pause: float = 1.0  #: between two requests to one host
    large: int = 500_000  #: bytes from which a body waits for its turn
    large_at_once: int = 2  #: so that many endless answers do not fill the memory


class Watch:
    """Times one fetch: what may still pass before connection, first byte and end."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._end = clock() + limits.whole
        self._phase = self._end
        self._body_began: float | None = None
        self._received = 0

    def begin(self, *, waited: float) -> None:
        """Start a hop; the time spent waiting for a turn is not the server's fault."""
        self._end += waited
        self._body_began = None
        self._phase = min(self._end, self._clock() + self._limits.connect)

    def connected(self) -> None:
        """Start waiting for the head of the answer."""
        self._phase = min(self._end, self._clock() + self._limits.first_byte)

    def body(self) -> None:
        """Start timing the body."""
        self._phase = self._end
        self._body_began = self._clock()
        self._received = 0

    def left(self) -> float:
        """Return the seconds this phase still has; IngestError when there are none."""
        left = self._phase - self._clock()
        if left <= 0:
            raise IngestError("the server was too slow to answer")
        return min(left, self._limits.first_byte)

    def rest(self) -> float:
        """Return the seconds until the whole fetch must be over."""
        return max(0.0, self._end - self._clock())

    def count(self, size: int) -> None:
        """Note bytes received; IngestError when they only drip."""
        self._received += size
        if self._body_began is None:
            return
        spent = self._clock() - self._body_began
        if spent > self._limits.grace and self._received < self._limits.floor * spent:
            raise IngestError(f"the server sent less than {self._limits.floor:,} bytes a second")


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
