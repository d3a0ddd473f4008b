"""CNT-05: whatever is paid for says so."""

from collections.abc import Iterator

from digest.model import Finding, Severity
from digest.preflight.rules.base import Case, Rule
from digest.text import clean


def _check(case: Case) -> Iterator[Finding]:
    parts = {"html": case.page.words, "text": clean(case.rendered.text)}
    for placement in case.edition.placements:
        label = f" · {clean(placement.sponsor)[:60]}".casefold().rstrip()
        for where, words in parts.items():
            if not placement.sponsor.strip() or label not in words.casefold():
                message = f"the placement of {placement.sponsor!r} has no label"
                yield Finding("CNT-05", Severity.BLOCKER, message, where)


RULE = Rule(
    "CNT-05",
    Severity.BLOCKER,
    "Every placement is labelled with what it is and whose it is.",
    "advertising law",
    _check,
    firm=True,
)
