"""How fast to send, when to try again, when to give up."""

import re
from datetime import timedelta

from digest.errors import ConfigError

#: Waits after the first, second, … failed attempt; the last repeats.
_WAITS = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 30, 60, 120, 240))
GIVE_UP_AFTER = timedelta(hours=24)
_SECONDS = {"s": 1, "m": 60, "h": 3600}


def retry_after(attempts: int) -> timedelta | None:
    """Return how long to wait after the `attempts`-th failed attempt, or None: it has expired.

    5, 15, 30 min, then 1, 2, 4 and again 4 hours, as long as all waits fit into a day.
    """
    if attempts < 1:
        raise ValueError("there is no wait before the first attempt")
    if sum(map(_wait, range(1, attempts + 1)), timedelta()) > GIVE_UP_AFTER:
        return None
    return _wait(attempts)


def parse_rate(rate: str) -> float:
    """Return the seconds between two messages of a rate like "20/s"; 0 when `rate` is empty."""
    if not rate:
        return 0.0
    found = re.fullmatch(r"([1-9]\d{0,6})/([smh])", rate, re.ASCII)
    if not found:
        raise ConfigError(f'{rate!r} is not a rate; write e.g. "20/s" or "5000/h"')
    return _SECONDS[found[2]] / int(found[1])


def _wait(attempt: int) -> timedelta:
    return _WAITS[min(attempt, len(_WAITS)) - 1]
