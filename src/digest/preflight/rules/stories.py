"""CNT-10: every story is whole and comes once."""

from collections import Counter

from digest.preflight.rules.base import BLOCKER, Case, Rule, Said
from digest.text import canonical_url, clean


def _check(case: Case) -> Said:
    stories = [story.lead for story in case.edition.stories]
    if not stories:
        yield "the edition has no story", ""
    for article in stories:
        if not clean(article.title):
            yield "a story without a title", article.url
        if not canonical_url(article.url):
            yield "a story without a web address", article.title[:80]
    counted = Counter(canonical_url(article.url) for article in stories)
    for url, times in counted.items():
        if url and times > 1:
            yield f"a story that comes {times} times", url


RULE = Rule(
    "CNT-10",
    BLOCKER,
    "Every story has a title and an address, and comes once.",
    "our promise",
    _check,
)
