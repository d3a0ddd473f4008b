"""Prominence: where the outlet's own editors put the story on a front page, and for how long.

While counts are young it adds what they cannot know yet; without counts the position mass, hours
weighted by place, stands for the audience itself.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from digest.model import Article, Reading, Story
from digest.rank.signals.base import NOTHING, Context, Measured, Signal, within

METRIC = "position"  #: 1 is the first place; 0: it has left the page
_SCALE = 6.0  #: points of a full signal
_PLACES = 12  #: of a page that count
_ABSENT = 24  #: the place that stands for not being on a watched page
_GAP = timedelta(hours=3)  #: a place is taken to be held no longer than this without a look
_WITH_COUNTS = 0.3  #: points by halving of the place, while the count may still grow
_ALONE = 0.9  #: the same without counts
_LASTING = 0.7  #: below 1, a place keeps telling something when little growth is left
_LOOKS = 3  #: below so many looks at the page nobody knows how long a place was held,
_PLACE_ONLY = 2.5  #: and the place alone speaks: points by halving of it
_TYPICAL = 1.5  #: log of the position mass an article on the page usually gets


@dataclass(frozen=True, slots=True)
class _Held:
    """What an article held on a front page."""

    hours: float  #: on the page
    mass: float  #: hours weighted by place
    best: int
    last: int  #: 0: it has left
    at: datetime  #: of the last look


def measure(story: Story, context: Context) -> Measured:
    """Measure the counted article's place, or without counts the story's position mass."""
    best = context.best(story)
    if best is None:
        return _alone(story, context)
    _, article, reading = best
    held = _held(context.readings.get(article.id, {}))
    if held is None and article.outlet not in context.watched:
        return NOTHING
    rest = _unseen(article, reading.read_at, context)
    value = _WITH_COUNTS * rest * _height(held.last if held else 0)
    return Measured(within(value / _SCALE), _fact(held))


def _alone(story: Story, context: Context) -> Measured:
    """Measure the most prominent article; where outlets share a page, the story's add up.

    The whole saga speaks for the story that has its most prominent article, and only for that one.
    """
    known = [(_held(context.readings.get(a.id, {})), a) for a in story.articles]
    found = [(held, article) for held, article in known if held]
    if not found:
        watched = story.lead.outlet in context.watched
        return Measured(-_TYPICAL / _SCALE, _fact(None)) if watched else NOTHING
    held, article = max(found, key=lambda entry: (entry[0].mass, entry[1].key))
    if context.looks < _LOOKS:
        return Measured(within(_PLACE_ONLY * _height(held.best) / _SCALE), _fact(held))
    mass = held.mass
    if context.outlets > 1:
        mass = context.saga_mass.get(article.id) or math.fsum(h.mass for h, _ in found)
    rest = _unseen(article, held.at, context)
    value = math.log1p(mass) - _TYPICAL + _ALONE * rest * _height(held.last)
    return Measured(within(value / _SCALE), _fact(held))


def saga_masses(
    sagas: Mapping[str, Sequence[Article]], readings: Mapping[str, Mapping[str, Sequence[Reading]]]
) -> dict[str, float]:
    """Return the position mass of each whole saga, under its most prominent article."""
    found: dict[str, float] = {}
    for saga in {id(articles): articles for articles in sagas.values()}.values():
        held = [(h.mass, a.id) for a in saga if (h := _held(readings.get(a.id, {})))]
        if held:
            found[max(held)[1]] = math.fsum(mass for mass, _ in held)
    return found


def _unseen(article: Article, at: datetime, context: Context) -> float:
    """Return the share of the audience that is still to come at a moment, to a power."""
    return math.pow(1.0 - math.exp(-context.growth(article, at)), _LASTING)


def _height(place: int) -> float:
    """Return how high a place is; each halving of it is one more."""
    return 3.0 - math.log2(1 + (place or _ABSENT))


def _held(readings: Mapping[str, Sequence[Reading]]) -> _Held | None:
    """Return what an article held, on the page that gave it most."""
    series = [
        _sum(looks) for metric, looks in readings.items() if metric.partition(":")[0] == METRIC
    ]
    return max(series, key=lambda held: held.mass, default=None)


def _sum(readings: Sequence[Reading]) -> _Held:
    hours = mass = 0.0
    for one, following in pairwise(readings):
        if one.value:
            span = min(_GAP, following.read_at - one.read_at).total_seconds() / 3600
            hours += span
            mass += span * max(1, _PLACES + 1 - one.value) / _PLACES
    last = readings[-1]
    best = min((r.value for r in readings if r.value), default=0)
    return _Held(hours, mass, best, last.value, last.read_at)


def _fact(held: _Held | None) -> str:
    if held is None:
        return "not seen on the front page"
    place = "first" if held.best == 1 else f"number {held.best}"
    now = ", still there" if held.last else ""
    if held.hours < 1:
        return f"{place} on the front page"
    return f"{place} on the front page at best, there for {held.hours:.0f} h{now}"


PROMINENCE = Signal("prominence", _SCALE, measure, quiet=lambda context: not context.watched)
