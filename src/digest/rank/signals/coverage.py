"""Coverage: how widely the story is told, by other outlets or by several of our own articles."""

import math

from digest.model import Story
from digest.rank.signals.base import Context, Measured, Signal

_FULL = 8  #: so many tellers give the full signal


def measure(story: Story, context: Context) -> Measured:
    """Measure distinct outlets; with one outlet in the window, its own articles on the story."""
    outlets = len({article.outlet for article in story.articles})
    if context.outlets > 1:
        return Measured(_share(outlets), f"told by {outlets} outlets" if outlets > 1 else "")
    told = len(story.articles)
    return Measured(_share(told), f"a running story: {told} articles" if told > 1 else "")


def _share(tellers: int) -> float:
    return min(1.0, math.log(tellers) / math.log(_FULL))


COVERAGE = Signal("coverage", 2.0, measure)
