"""Editor: what the outlet's own editors marked as featured or sticky."""

from digest.model import Story
from digest.rank.signals.base import Context, Measured, Signal


def measure(story: Story, context: Context) -> Measured:
    """Measure whether any article of the story is featured."""
    del context
    if any(article.featured for article in story.articles):
        return Measured(1.0, "featured on the site")
    return Measured(0.0)


EDITOR = Signal("editor", 3.0, measure)
