"""CNT-01: everyone sees the way out."""

from digest.preflight.rules.base import BLOCKER, Case, Rule, Said
from digest.text import TOKEN


def _check(case: Case) -> Said:
    ways = [a for a in case.page.anchors if TOKEN in a.href and a.words and not a.hidden]
    if not ways:
        yield "no visible link to unsubscribe; use unsubscribe_url", "html"
    lines = case.rendered.text.splitlines()
    if not any(TOKEN in line and line.startswith("http") for line in lines):
        yield "no address to unsubscribe on a line of its own", "text"


RULE = Rule(
    "CNT-01",
    BLOCKER,
    "A visible link to unsubscribe in HTML and text.",
    "Google, Yahoo, Microsoft and Apple sender guidelines",
    _check,
    firm=True,
)
