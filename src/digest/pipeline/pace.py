"""How fast a drain goes: what the rate lets start now, how much to claim, when to tell."""

import time
from datetime import timedelta

from digest.deliver.pacing import parse_rate, warmed
from digest.store.outbox import CLAIM_SECONDS

_MOST = 500  #: rows claimed at once
_CATCH_UP = 0.2  #: seconds of the rate that may be made up for
_ANY = 1 << 30


class Pace:
    """The clock of one drain."""

    def __init__(self, rate: str, warm_up: timedelta, since: timedelta, connections: int) -> None:
        """Start; `since` is how long ago the edition began to go out."""
        self._spacing, self._warm_up, self._since = parse_rate(rate), warm_up, since
        self._least = 2 * connections
        self._begun = self._next_start = time.monotonic()
        self._batch, self._claimed_at = self._least, -1e9
        self._next_word = 0.0

    def allowed(self) -> int:
        """Return how many messages may start now."""
        if not self._spacing:
            return _ANY
        now = time.monotonic()
        self._next_start = max(self._next_start, now - _CATCH_UP)
        return max(0, int((now - self._next_start) / self._now(now)) + (now >= self._next_start))

    def started(self) -> None:
        """Count one message."""
        if self._spacing:
            self._next_start += self._now(time.monotonic())

    def wait(self) -> float:
        """Return the seconds until the next message may start."""
        return max(0.0, self._next_start - time.monotonic()) if self._spacing else _ANY

    def to_claim(self, waiting: int) -> int:
        """Return how many rows to claim when so many wait: no more than go out in a few seconds.

        A claim that is not used in time lapses.
        """
        if waiting >= self._least:
            return 0
        now = time.monotonic()
        quick = now - self._claimed_at < CLAIM_SECONDS / 20
        self._batch = min(_MOST, 2 * self._batch) if quick else max(self._least, self._batch // 2)
        self._claimed_at = now
        if self._spacing:
            fit = CLAIM_SECONDS / 4 / self._now(now)
            return max(1, min(self._batch, int(fit)) - waiting)
        return self._batch

    def may_tell(self) -> bool:
        """Say whether it is time for a word of progress."""
        return time.monotonic() >= self._next_word

    def told(self, seconds: float) -> None:
        """Take note that the word took so long."""
        self._next_word = time.monotonic() + max(1.0, 50 * seconds)

    def _now(self, now: float) -> float:
        elapsed = self._since + timedelta(seconds=now - self._begun)
        return warmed(self._spacing, self._warm_up, elapsed)
