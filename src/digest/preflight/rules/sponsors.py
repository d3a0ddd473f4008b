"""CNT-05: whatever is paid for says so."""

from digest.preflight.rules.base import BLOCKER, Case, Rule, Said
from digest.text import clean


def _check(case: Case) -> Said:
    parts = {"html": case.page.words, "text": clean(case.rendered.text)}
    for placement in case.edition.placements:
        label = f" · {clean(placement.sponsor)[:60]}".casefold().rstrip()
        for where, words in parts.items():
            if not placement.sponsor.strip() or label not in words.casefold():
                yield f"the placement of {placement.sponsor!r} has no label", where


RULE = Rule(
    "CNT-05",
    BLOCKER,
    "Every placement is labelled with what it is and whose it is.",
    "advertising law",
    _check,
    firm=True,
)
