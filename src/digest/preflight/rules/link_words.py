"""A11Y-07: links say where they lead."""

from digest.model import Edition
from digest.preflight.rules.base import BLOCKER, Case, Rule, Said
from digest.text import clean

_MANY = 3


def _check(case: Case) -> Said:
    places: dict[str, set[str]] = {}
    for anchor in case.page.anchors:
        places.setdefault(anchor.words.casefold(), set()).add(anchor.href)
    named = _names(case.edition) | {
        tag.attributes.get("alt", "").casefold() for tag in case.page.named("img")
    }
    for words, hrefs in places.items():
        if words and len(hrefs) >= _MANY and words not in named:
            message = f"{len(hrefs)} links say {words[:60]!r} and lead to different places"
            yield f"{message}; name each", "html"


def _names(edition: Edition) -> set[str]:
    """Return outlets and titles: several stories may share those."""
    told = [article for placed in edition.stories for article in placed.ranked.story.articles]
    names = {name for a in told for name in (a.outlet, a.feed, a.title)}
    return {clean(name).casefold() for name in names}


RULE = Rule(
    "A11Y-07",
    BLOCKER,
    "No more than two links with the same words lead to different places.",
    "WCAG 2.4.4",
    _check,
)
