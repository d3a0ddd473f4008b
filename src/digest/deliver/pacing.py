"""How fast to send, when to try again, when to give up."""

import re
from collections.abc import Sequence
from datetime import timedelta

from digest.errors import ConfigError

#: Waits after the first, second, … failed attempt; the last repeats.
_WAITS = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 30, 60, 120, 240))
GIVE_UP_AFTER = timedelta(hours=24)
_LEAST = 3  #: attempts
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_WIDEN = 10.0  #: seconds until one more connection is tried
_SAME, _DOMAINS = 10, 3  #: so many equal refusals in a row, over so many domains, mean us
_CLASS = re.compile(r"\d{3}(?:[ -][245]\.\d{1,3}\.\d{1,3})?")


def retry_after(attempts: int, age: timedelta = timedelta()) -> timedelta | None:
    """Return how long to wait after the `attempts`-th failed attempt, or None: it has expired.

    5, 15, 30 min, then 1, 2, 4 and again 4 hours, as long as all waits fit into a day. `age` is the
    time since the first; it ends nothing before the third: a pause made it, or a wrong clock.
    """
    if attempts < 1:
        raise ValueError("there is no wait before the first attempt")
    if sum(map(_wait, range(1, attempts + 1)), timedelta()) > GIVE_UP_AFTER:
        return None
    wait = _wait(attempts)
    return wait if attempts < _LEAST or age + wait <= GIVE_UP_AFTER else None


def reply_class(reply: str) -> str:
    """Return the codes a reply starts with, as in "550 5.7.1"; else its first words."""
    found = _CLASS.match(reply)
    return found[0] if found else reply.partition(":")[0][:40]


def all_refused(refusals: Sequence[tuple[str, str]]) -> str:
    """Return the class of the last refusals, address and reply, if they are not about readers.

    That is ten equal ones in a row, to three domains or more. Else "".
    """
    last = refusals[-_SAME:]
    classes = {reply_class(reply) for _, reply in last}
    domains = {email.rpartition("@")[2].casefold() for email, _ in last}
    if len(last) < _SAME or len(classes) > 1 or len(domains) < _DOMAINS:
        return ""
    return classes.pop()


def parse_rate(rate: str) -> float:
    """Return the seconds between two messages of a rate like "20/s"; 0 when `rate` is empty."""
    if not rate:
        return 0.0
    found = re.fullmatch(r"([1-9]\d{0,6})/([smh])", rate, re.ASCII)
    if not found:
        raise ConfigError(f'{rate!r} is not a rate; write e.g. "20/s" or "5000/h"')
    return _SECONDS[found[2]] / int(found[1])


def warmed(spacing: float, warm_up: timedelta, since_start: timedelta) -> float:
    """Return the seconds between two messages while the rate rises evenly to its full height.

    It starts at a twentieth, so that the first message is not waited for.
    """
    share = since_start / warm_up if warm_up else 1.0
    return spacing / min(1.0, max(share, 0.05))


class Width:
    """How many connections at once: fewer when the relay wants fewer, one more every while."""

    def __init__(self, most: int) -> None:
        self._most = self._now = most
        self._widen_at = 0.0

    def at(self, moment: float) -> int:
        """Return how many there may be at a moment, in seconds of any clock."""
        if self._now < self._most and moment >= self._widen_at:
            self._now, self._widen_at = self._now + 1, moment + _WIDEN
        return self._now

    def narrow(self, to: int, moment: float) -> None:
        """Have no more than `to` for a while, but at least one."""
        self._now, self._widen_at = max(1, min(to, self._now)), moment + _WIDEN


def _wait(attempt: int) -> timedelta:
    return _WAITS[min(attempt, len(_WAITS)) - 1]
