"""Substance: whether there is something to show and something to read."""

from digest.model import Article, Story
from digest.rank.signals.base import Context, Measured, Signal

_FULL_LENGTH = 600  #: words from which an article counts as long


def measure(story: Story, context: Context) -> Measured:
    """Measure the story's lead: picture, stand-first, length."""
    del context
    lead = story.lead
    value = 0.4 * bool(lead.image) + 0.3 * bool(lead.summary)
    return Measured(value + 0.3 * min(1.0, lead.words / _FULL_LENGTH), _fact(lead))


def _fact(lead: Article) -> str:
    has = [f"{lead.words} words"] if lead.words else []
    has += ["a picture"] if lead.image else []
    has += ["a stand-first"] if lead.summary else []
    return ", ".join(has)


SUBSTANCE = Signal("substance", 0.8, measure)
