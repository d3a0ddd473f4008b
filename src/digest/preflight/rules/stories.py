"""CNT-10: every story is whole and comes once."""

from collections import Counter
from collections.abc import Iterator

from digest.model import Finding, Severity
from digest.preflight.rules.base import Case, Rule
from digest.text import canonical_url, clean


def _check(case: Case) -> Iterator[Finding]:
    stories = [story.lead for story in case.edition.stories]
    if not stories:
        yield _finding("the edition has no story", "")
    for article in stories:
        if not clean(article.title):
            yield _finding("a story without a title", article.url)
        if not canonical_url(article.url):
            yield _finding("a story without a web address", article.title[:80])
    counted = Counter(canonical_url(article.url) for article in stories)
    for url, times in counted.items():
        if url and times > 1:
            yield _finding(f"a story that comes {times} times", url)


def _finding(message: str, where: str) -> Finding:
    return Finding("CNT-10", Severity.BLOCKER, message, where)


RULE = Rule(
    "CNT-10",
    Severity.BLOCKER,
    "Every story has a title and an address, and comes once.",
    "our promise",
    _check,
)
