"""Coverage: how widely the happening is told, by other outlets or by several of our own articles.

It stands in for an audience that was not counted; with counts it is a fact and adds nothing
(docs/ranking.md).
"""

import math

from digest.model import Story
from digest.rank.signals.base import NOTHING, Context, Measured, Saga, Signal

_FULL = 8  #: so many tellers give the full signal
_NAMED = 4  #: so many tellers are named: who doubts it can look
#: An outlet's own follow-ups foretell neither its readers nor its editors: a tie-breaker only.
_OWN = 0.05


def measure(story: Story, context: Context) -> Measured:
    """Measure distinct outlets; with one outlet in the window, its own articles on the saga."""
    saga = context.saga(story)
    if saga is None:
        return NOTHING
    counted = context.best(story) is not None
    if context.outlets > 1:
        fact = _told_by(saga) if saga.outlets > 1 else ""
        return Measured(0.0 if counted else _share(saga.outlets), fact)
    articles = len(saga.articles)
    return Measured(
        0.0 if counted else _OWN * _share(articles), f"a running story: {articles} articles"
    )


def _told_by(saga: Saga) -> str:
    names = sorted({article.outlet for article in saga.articles})
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"told by {saga.outlets} outlets: {', '.join(names[:_NAMED])}{more}"


def _share(tellers: int) -> float:
    return min(1.0, math.log(tellers) / math.log(_FULL))


COVERAGE = Signal("coverage", 2.0, measure, of_saga=True)
