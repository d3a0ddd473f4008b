"""Freshness: a mild preference inside the window where nobody counted the readers.

Decay inside the window only hurts a weekly list (docs/ranking.md), so with counts it adds nothing.
"""

from digest.model import Story
from digest.rank.signals.base import NOTHING, Context, Measured, Signal

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def measure(story: Story, context: Context) -> Measured:
    """Measure where in the window the newest article of the story lies."""
    if context.best(story):
        return NOTHING
    newest = max(map(context.published, story.articles))
    day = _DAYS[newest.weekday()]
    if not (story.lead.published_at or any(article.published_at for article in story.others)):
        return Measured(0.0, f"no date; first seen {day}")
    length = context.as_of - context.start
    share = (newest - context.start) / length if length else 0.0
    return Measured(min(1.0, max(0.0, share)), f"published {day}")


FRESHNESS = Signal("freshness", 0.5, measure)
