"""Audience: how many people read, shared or discussed the story so far.

Points are natural logarithms, corrected for the age of the reading by the growth still to
come (Szabo and Huberman 2008, arXiv 0811.0405); the curve is the one in docs/ranking.md.
"""

import math
from datetime import timedelta
from itertools import pairwise

from digest.model import Article, Reading, Story
from digest.rank.signals.base import Context, Measured, Signal

SCALE = 16.0  #: points of a full signal: e^16 is about nine million readers
#: which count says most about an audience, best first
_METRICS = ("views", "points", "shares", "comments")
#: hours after publication -> mean log(final count / count then)
_GROWTH = (
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


def growth(age: timedelta) -> float:
    """Return the expected log growth still to come at an age, by linear interpolation."""
    hours = max(0.0, age.total_seconds() / 3600)
    for (left, high), (right, low) in pairwise(_GROWTH):
        if hours <= right:
            return high + (low - high) * (hours - left) / (right - left)
    return 0.0


def measure(story: Story, context: Context) -> Measured:
    """Measure the most read article of the story; without counts its outlet's median stands in."""
    found = [
        (points(reading, article, context), article, reading)
        for article in story.articles
        if (reading := best_reading(article, context))
    ]
    if not found:
        usual = context.usual_points.get(story.lead.outlet, 0.0)
        fact = f"no counts; the median of {story.lead.outlet} stands in" if usual else "no counts"
        return Measured(min(1.0, usual / SCALE), fact)
    value, article, reading = max(found, key=lambda entry: (entry[0], entry[1].key))
    return Measured(min(1.0, value / SCALE), _fact(reading, article, context))


def best_reading(article: Article, context: Context) -> Reading | None:
    """Return the newest reading of the metric that says most, if the article has counts."""
    newest = context.newest(article)
    return next((newest[name] for name in _METRICS if name in newest), None)


def points(reading: Reading, article: Article, context: Context) -> float:
    """Return the expected final audience on a logarithmic scale."""
    if reading.value <= 0:
        return 0.0
    return math.log1p(reading.value) + growth(reading.read_at - context.published(article))


def _fact(reading: Reading, article: Article, context: Context) -> str:
    expected = growth(reading.read_at - context.published(article))
    hours = max(0.0, (reading.read_at - context.published(article)).total_seconds() / 3600)
    age = f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} days"
    grown = f", growth ×{math.exp(expected):.1f}" if expected >= 0.05 and reading.value else ""
    return f"{reading.value} {reading.metric} read {age} after publication{grown}"


AUDIENCE = Signal("audience", SCALE, measure)
