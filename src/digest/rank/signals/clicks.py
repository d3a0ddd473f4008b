"""Clicks: whether readers of our own editions follow such stories more than their place explains.

Clicks are divided by the clicks expected of the place (position bias: Craswell et al., WSDM 2008),
never taken raw, and used only when an installation has any.
"""

import math

from digest.model import Story
from digest.rank.signals.base import NOTHING, Context, Measured, Signal, within

_FULL = 3.0  #: twenty times the expected clicks are a full signal


def measure(story: Story, context: Context) -> Measured:
    """Measure the author's and the category's clicks over expected clicks."""
    lead = story.lead
    names = (f"author {lead.author}", f"category {lead.category}")
    found = [(name, context.past.clicked[name]) for name in names if name in context.past.clicked]
    if not found:
        return NOTHING
    value = math.fsum(v for _, v in found) / len(found)
    fact = ", ".join(f"{name}: ×{math.exp(v):.1f} the expected clicks" for name, v in found)
    return Measured(within(value / _FULL), fact)


CLICKS = Signal("clicks", 1.0, measure, quiet=lambda context: not context.past.clicked)
