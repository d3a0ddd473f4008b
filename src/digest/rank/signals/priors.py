"""Priors: what an outlet, an author, a category usually gets, while the story's count is young."""

import math
from collections.abc import Callable, Mapping

from digest.model import Article, Story
from digest.rank.past import References
from digest.rank.signals.base import NOTHING, Context, Measured, Signal, within

_FULL = 5.0  #: a prior of so many points is a full signal


def _prior(
    kind: str,
    weight: float,
    name: Callable[[Article], str],
    table: Callable[[References], Mapping[str, float]],
) -> Signal:
    def measure(story: Story, context: Context) -> Measured:
        of = name(story.lead)
        value = table(context.past).get(of, 0.0) if of else 0.0
        if not value:
            return NOTHING
        best = context.best(story)
        rest = 1 - math.exp(-context.growth(best[1], best[2].read_at)) if best else 1.0
        fact = f"{of} usually gets ×{math.exp(value):.1f}" if abs(value * rest) >= 0.1 else ""
        return Measured(within(value * rest / _FULL), fact)

    return Signal(kind, weight, measure, quiet=lambda context: not table(context.past))


SOURCE = _prior("source", 1.0, lambda article: article.outlet, lambda past: past.outlets)
AUTHOR = _prior("author", 0.5, lambda article: article.author, lambda past: past.authors)
CATEGORY = _prior("category", 0.5, lambda article: article.category, lambda past: past.categories)
