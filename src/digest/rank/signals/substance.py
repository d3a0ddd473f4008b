"""Substance: whether there is something to show and something to read."""

import re

from digest.model import Article, Story
from digest.rank.signals.base import Context, Measured, Signal

_FULL_LENGTH = 600  #: words from which an article counts as long
#: pages that are looked at, not read: live tickers, videos, galleries, shows
_NO_ARTICLE = re.compile(
    r"/(live|live-?blogs?|live-?news|live-?tickers?|videos?|watch|galler(?:y|ies)|podcasts?"
    r"|resources|in-pictures)(?:/|$)"
)


def measure(story: Story, context: Context) -> Measured:
    """Measure the story's lead: picture, stand-first, length, and whether it is an article."""
    del context
    lead = story.lead
    value = 0.4 * bool(lead.image) + 0.2 * bool(lead.summary)
    value += 0.25 * min(1.0, lead.words / _FULL_LENGTH)
    is_article = not _NO_ARTICLE.search(lead.url)
    return Measured(value + 0.15 * is_article, _fact(lead, is_article=is_article))


def _fact(lead: Article, *, is_article: bool) -> str:
    has = [f"{lead.words} words"] if lead.words else []
    has += ["a picture"] if lead.image else []
    has += ["a stand-first"] if lead.summary else []
    has += [] if is_article else ["a live page, video or gallery"]
    return ", ".join(has)


SUBSTANCE = Signal("substance", 0.8, measure)
