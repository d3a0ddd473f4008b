"""MIME-01: text first, HTML last, both in UTF-8."""

from collections.abc import Iterator

from digest.model import Finding, Severity
from digest.preflight.rules.base import Case, Rule


def _check(case: Case) -> Iterator[Finding]:
    if not case.content:
        return
    parts = list(case.mail.walk())
    types = [part.get_content_type() for part in parts]
    if types != ["multipart/alternative", "text/plain", "text/html"]:
        yield _finding(f"its parts are {', '.join(types)}; text comes first, HTML last")
    for part in parts:
        if not part.is_multipart() and part.get_content_charset() != "utf-8":
            yield _finding(f"{part.get_content_type()} is not UTF-8; Gmail clips such mail")
        for defect in part.defects:
            yield _finding(f"it does not read back: {type(defect).__name__}")


def _finding(message: str) -> Finding:
    return Finding("MIME-01", Severity.BLOCKER, message, "mail")


RULE = Rule(
    "MIME-01",
    Severity.BLOCKER,
    "A text part first and an HTML part last, both UTF-8, readable.",
    "RFC 2046 5.1.4; RFC 2045 6.7",
    _check,
)
