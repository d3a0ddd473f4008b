"""What the past says: how far a count still grows, what a feed, an author, a category usually gets.

Everything here comes from before the window or is a constant, so one article of the window never
moves the others.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from statistics import median
from typing import TypeVar

#: counts that say how large an audience is, the one that says most first
METRICS = ("views", "points", "shares", "comments")
PAST = timedelta(weeks=26)  #: how far back averages look
RECENT = timedelta(weeks=8)  #: how far back the usual count of a feed is taken from
_SHRINK = 10  #: an average of so many articles counts half, the mean of all the other half

Key = TypeVar("Key")
Curve = Sequence[tuple[float, float]]
#: hours after publication -> mean log(final count / count then); measured on two audiences
GROWTH: Curve = (
    (0.0, 1.8),
    (0.5, 1.5),
    (1.0, 1.15),
    (2.0, 0.73),
    (3.0, 0.54),
    (6.0, 0.24),
    (9.0, 0.12),
    (12.0, 0.05),
    (24.0, 0.01),
    (48.0, 0.0),
)


@dataclass(frozen=True, slots=True)
class Past:
    """An article of the past and its last count."""

    outlet: str
    author: str
    category: str
    feed: str
    metric: str
    value: int
    age: timedelta  #: of the article when the count was read
    recent: bool = True  #: published within the last weeks, RECENT before the window
    clicks: int = 0  #: readers of our own editions who followed it
    expected: float = 0.0  #: what its place in the edition makes one expect


@dataclass(frozen=True, slots=True)
class References:
    """Usual values; differences are natural logarithms of an audience."""

    curve: Curve = GROWTH
    usual: float | None = None  #: median points of all recent articles; None without any counts
    above: Mapping[tuple[str, str], float] = field(default_factory=dict)
    #: (feed, metric) -> how far its counts lie above the usual; taken off, unlike counts compare
    feeds: Mapping[str, float] = field(
        default_factory=dict
    )  #: feed -> its usual points, so compared
    outlets: Mapping[str, float] = field(default_factory=dict)  #: name -> points above the usual
    authors: Mapping[str, float] = field(default_factory=dict)
    categories: Mapping[str, float] = field(default_factory=dict)
    clicked: Mapping[str, float] = field(default_factory=dict)
    #: "author …" or "category …" -> log of clicks over expected clicks


def growth(age: timedelta, curve: Curve = GROWTH) -> float:
    """Return the expected log growth still to come at an age, by linear interpolation.

    Szabo and Huberman, Predicting the popularity of online content, 2008 (arXiv 0811.0405).
    """
    hours = max(0.0, age.total_seconds() / 3600)
    for (left, high), (right, low) in pairwise(curve):
        if hours <= right:
            share = (hours - left) / (right - left)
            return high + (low - high) * max(0.0, share)
    return 0.0


def points(value: int, age: timedelta, curve: Curve = GROWTH) -> float:
    """Return the expected final audience on a logarithmic scale; 0 for none."""
    return math.log1p(value) + growth(age, curve) if value > 0 else 0.0


def references(past: Iterable[Past], curve: Curve = GROWTH) -> References:
    """Return the usual values of articles published before the window.

    Counts of unlike kinds are brought to one scale by their medians, and every average is shrunk
    towards the mean of all: few articles say little.
    """
    known = [(entry, points(entry.value, entry.age, curve)) for entry in past]
    counted = [(entry, value) for entry, value in known if entry.metric]
    if not counted:
        return References(curve=curve, clicked=_clicked(entry for entry, _ in known))
    recent = [(e, v) for e, v in counted if e.recent] or counted
    usual = median(value for _, value in recent)
    above = _shrunk(recent, lambda e: (e.feed, e.metric), usual)
    level = [(e, v - above.get((e.feed, e.metric), 0.0)) for e, v in counted]
    mean = math.fsum(v for _, v in level) / len(level)
    return References(
        curve,
        usual,
        above,
        {feed: usual + v for feed, v in _shrunk(level, lambda e: e.feed, usual).items()},
        _means(level, lambda e: e.outlet, mean),
        _means(level, lambda e: e.author, mean),
        _means(level, lambda e: e.category, mean),
        _clicked(entry for entry, _ in known),
    )


def _shrunk(
    entries: Sequence[tuple[Past, float]], key: Callable[[Past], Key], usual: float
) -> dict[Key, float]:
    """Return how far each group's median lies from the usual."""
    groups: dict[Key, list[float]] = defaultdict(list)
    for entry, value in entries:
        groups[key(entry)].append(value)
    return {
        name: (median(values) - usual) * len(values) / (len(values) + _SHRINK)
        for name, values in groups.items()
    }


def _means(
    entries: Sequence[tuple[Past, float]], key: Callable[[Past], str], mean: float
) -> dict[str, float]:
    """Return how far each name's mean lies from the mean of all."""
    groups: dict[str, list[float]] = defaultdict(list)
    for entry, value in entries:
        if name := key(entry):
            groups[name].append(value - mean)
    return {name: math.fsum(v) / (len(v) + _SHRINK) for name, v in groups.items()}


def _clicked(past: Iterable[Past]) -> dict[str, float]:
    """Return log clicks over expected clicks by author and by category, shrunk towards 1."""
    sums: dict[str, tuple[int, float]] = {}
    for entry in past:
        for name in (f"author {entry.author}", f"category {entry.category}"):
            if entry.expected > 0 and not name.endswith(" "):
                clicks, expected = sums.get(name, (0, 0.0))
                sums[name] = clicks + entry.clicks, expected + entry.expected
    return {
        name: math.log((clicks + _SHRINK) / (expected + _SHRINK))
        for name, (clicks, expected) in sums.items()
    }
