"""CNT-02: the mail says who sent it and from where."""

from collections.abc import Iterator

from digest.model import Finding, Severity
from digest.preflight.rules.base import Case, Rule
from digest.text import clean


def _check(case: Case) -> Iterator[Finding]:
    address = clean(case.publication.postal_address)
    if not address:
        yield _finding("no postal address; set publication.postal_address", "publication")
    parts = {"html": case.page.words, "text": clean(case.rendered.text)}
    for where, words in parts.items():
        if address and address not in words:
            yield _finding("the postal address is not shown", where)
        if clean(case.publication.name) not in words:
            yield _finding("the publication's name is not shown", where)


def _finding(message: str, where: str) -> Finding:
    return Finding("CNT-02", Severity.BLOCKER, message, where)


RULE = Rule(
    "CNT-02",
    Severity.BLOCKER,
    "The publication's name and postal address are shown.",
    "CAN-SPAM; GDPR practice",
    _check,
    firm=True,
)
