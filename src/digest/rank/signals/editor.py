"""Editor: what the outlet's editors marked as featured, boosts, and the weight of a section.

Boosts and section weights are points at the usual weight of this signal; they may be negative.
"""

import math

from digest.model import Story
from digest.rank.signals.base import NOTHING, Context, Measured, Signal

_FEATURED = 3.0  #: points


def measure(story: Story, context: Context) -> Measured:
    """Measure the featured flag and the boosts of all its articles, and the lead's section."""
    articles = story.articles
    featured = any(article.featured for article in articles)
    boost = math.fsum([article.boost for article in articles])
    section = story.lead.category
    weight = _weight(section.casefold(), context) if context.section_weights else 0.0
    if not (featured or boost or weight):
        return NOTHING
    facts = ["featured on the site"] if featured else []
    facts += [f"boost {boost:+g}"] if boost else []
    facts += [f"section {section} {weight:+g}"] if weight else []
    return Measured(featured + (boost + weight) / _FEATURED, ", ".join(facts))


def _weight(section: str, context: Context) -> float:
    names = {name.casefold(): points for name, points in context.section_weights.items()}
    return names.get(section, 0.0)


EDITOR = Signal("editor", _FEATURED, measure)
