"""CNT-02: the mail says who sent it and from where."""

from digest.preflight.rules.base import BLOCKER, Case, Rule, Said
from digest.text import clean


def _check(case: Case) -> Said:
    address = clean(case.publication.postal_address)
    if not address:
        yield "no postal address; set publication.postal_address", "publication"
    parts = {"html": case.page.words, "text": clean(case.rendered.text)}
    for where, words in parts.items():
        if address and address not in words:
            yield "the postal address is not shown", where
        if clean(case.publication.name) not in words:
            yield "the publication's name is not shown", where


RULE = Rule(
    "CNT-02",
    BLOCKER,
    "The publication's name and postal address are shown.",
    "CAN-SPAM; GDPR practice",
    _check,
    firm=True,
)
