"""CNT-01: everyone sees the way out."""

from collections.abc import Iterator

from digest.model import Finding, Severity
from digest.preflight.rules.base import Case, Rule
from digest.text import TOKEN


def _check(case: Case) -> Iterator[Finding]:
    ways = [a for a in case.page.anchors if TOKEN in a.href and a.words and not a.hidden]
    if not ways:
        yield _finding("no visible link to unsubscribe; use unsubscribe_url", "html")
    lines = case.rendered.text.splitlines()
    if not any(TOKEN in line and line.startswith("http") for line in lines):
        yield _finding("no address to unsubscribe on a line of its own", "text")


def _finding(message: str, where: str) -> Finding:
    return Finding("CNT-01", Severity.BLOCKER, message, where)


RULE = Rule(
    "CNT-01",
    Severity.BLOCKER,
    "A visible link to unsubscribe in HTML and text.",
    "Google, Yahoo, Microsoft and Apple sender guidelines",
    _check,
    firm=True,
)
