"""The growth curve of an installation, from its own readings."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean

from digest.model import Reading
from digest.rank.past import GROWTH, METRICS

HOURS = tuple(hours for hours, _ in GROWTH if 0 < hours < 48)  #: ages the curve is estimated at
FINAL = timedelta(hours=48)  #: a count read at this age or later is taken for the final one
LEAST = 30  #: articles an age needs
_NEAR = 1.5  #: a reading tells of an age within this factor


@dataclass(frozen=True, slots=True)
class Fitted:
    """One point of the curve: mean log(final count / count then)."""

    hours: float
    growth: float
    articles: int


def refit(
    readings: Iterable[Reading], published: Mapping[str, datetime]
) -> tuple[list[Fitted], int]:
    """Return the points of the curve with enough articles, and how many articles had counts.

    An article counts when one metric was read both young and after FINAL. The curve never rises:
    a point is at least as high as the next (pool-adjacent-violators, Barlow et al. 1972, in the
    simple form of a running maximum from the right).
    """
    series: dict[tuple[str, str], list[Reading]] = {}
    for reading in sorted(readings, key=lambda r: r.read_at):
        if reading.metric in METRICS and reading.article_id in published:
            series.setdefault((reading.article_id, reading.metric), []).append(reading)
    grown = [_grown(found, published[name]) for (name, _), found in series.items()]
    told = [ages for ages in grown if ages]
    points = [(hours, [ages[hours] for ages in told if hours in ages]) for hours in HOURS]
    fitted = [Fitted(h, fmean(found), len(found)) for h, found in points if len(found) >= LEAST]
    return _falling(fitted), len(told)


def _grown(series: Sequence[Reading], published: datetime) -> dict[float, float]:
    """Return age in hours -> log growth from the reading nearest that age to the final one."""
    final = series[-1]
    if final.read_at - published < FINAL or final.value <= 0:
        return {}
    ages = [((r.read_at - published).total_seconds() / 3600, r.value) for r in series[:-1]]
    young = [(age, value) for age, value in ages if age > 0 and value > 0]
    found = {}
    for hours in HOURS:
        near = min(young, key=lambda entry: abs(math.log(entry[0] / hours)), default=None)
        if near and abs(math.log(near[0] / hours)) <= math.log(_NEAR):
            found[hours] = math.log((1 + final.value) / (1 + near[1]))
    return found


def _falling(fitted: Sequence[Fitted]) -> list[Fitted]:
    least, kept = 0.0, []
    for point in reversed(fitted):
        least = max(least, point.growth)
        kept.append(Fitted(point.hours, round(least, 3), point.articles))
    return kept[::-1]
