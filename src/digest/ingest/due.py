"""Decide when a feed is due again; pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

SHORTEST = timedelta(minutes=15)
LONGEST = timedelta(hours=24)
USUAL = timedelta(hours=1)  #: for a feed we know nothing of
_RECENT = 20  #: articles whose rhythm counts
_PER_GAP = 4  #: fetches between two articles


def next_due(
    now: datetime,
    *,
    published: Sequence[datetime] = (),
    failures: int = 0,
    retry_after: timedelta | None = None,
    max_age: timedelta | None = None,
) -> datetime:
    """Return when to fetch a feed again, 15 minutes to 24 hours from `now`.

    `published` are the publication times of its recent articles, in any order. A feed is asked
    about four times between two articles; each failure in a row doubles the wait; what the server
    asks for (Retry-After, Cache-Control) is the least we wait.
    """
    wait = interval(published, now) * (1 << min(failures, 10))
    for asked in (retry_after, max_age):
        if asked is not None:
            wait = max(wait, asked)
    return now + min(max(wait, SHORTEST), LONGEST)


def interval(published: Sequence[datetime], now: datetime) -> timedelta:
    """Return the wait a feed's rhythm suggests: a quarter of the usual gap between articles.

    A silence longer than the usual gap slows us down as well.
    """
    moments = sorted(moment for moment in published if moment <= now)[-_RECENT:]
    if not moments:
        return USUAL
    gaps = [(b - a).total_seconds() for a, b in pairwise(moments)]
    usual = timedelta(seconds=median(gaps)) if gaps else timedelta(0)
    silence = now - moments[-1]
    wait = max(usual, silence / 4) / _PER_GAP
    return min(max(wait, SHORTEST), LONGEST)
