"""Audience: how many people read, shared or discussed the story so far.

Points are natural logarithms, corrected for the age of the reading by the growth still to come.
"""

import math

from digest.model import Article, Reading, Story
from digest.rank.signals.base import UNKNOWN, Context, Measured, Signal

SCALE = 16.0  #: points of a full signal: e^16 is about nine million readers
_UNCOUNTED = Measured(0.0, "no counts")


def measure(story: Story, context: Context) -> Measured:
    """Measure the most read article of the story; without counts its feed's usual stands in."""
    best = context.best(story)
    if best is None:
        return _usual(story.lead, context)
    value, article, reading = best
    return Measured(min(1.0, value / SCALE), _fact(reading, article, context))


def _usual(lead: Article, context: Context) -> Measured:
    if context.past.usual is None:
        return Measured(UNKNOWN / SCALE, "no counts") if context.counted else _UNCOUNTED
    own = context.past.feeds.get(lead.feed)
    usual = context.past.usual if own is None else own
    whose = lead.feed if own is not None and lead.feed else "all feeds"
    return Measured(min(1.0, usual / SCALE), f"no counts; the usual of {whose} stands in")


def _fact(reading: Reading, article: Article, context: Context) -> str:
    expected = context.growth(article, reading.read_at)
    hours = max(0.0, (reading.read_at - context.published(article)).total_seconds() / 3600)
    age = f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} days"
    grown = f", growth ×{math.exp(expected):.1f}" if expected >= 0.05 and reading.value else ""
    above = context.above(article, reading)
    level = f", {article.feed} gets ×{math.exp(above):.1f}" if abs(above) >= 0.1 else ""
    return f"{reading.value} {reading.metric} read {age} after publication{grown}{level}"


def _of_all(context: Context) -> Measured | None:
    return None if context.counted or context.past.usual is not None else _UNCOUNTED


AUDIENCE = Signal("audience", SCALE, measure, _of_all)
