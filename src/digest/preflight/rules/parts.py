"""MIME-01: text first, HTML last, both in UTF-8."""

from digest.preflight.rules.base import BLOCKER, Case, Rule, Said


def _check(case: Case) -> Said:
    if not case.content:
        return
    parts = list(case.mail.walk())
    types = [part.get_content_type() for part in parts]
    if types != ["multipart/alternative", "text/plain", "text/html"]:
        yield f"its parts are {', '.join(types)}; text comes first, HTML last", "mail"
    for part in parts:
        if not part.is_multipart() and part.get_content_charset() != "utf-8":
            yield f"{part.get_content_type()} is not UTF-8; Gmail clips such mail", "mail"
        for defect in part.defects:
            yield f"it does not read back: {type(defect).__name__}", "mail"


RULE = Rule(
    "MIME-01",
    BLOCKER,
    "A text part first and an HTML part last, both UTF-8, readable.",
    "RFC 2046 5.1.4; RFC 2045 6.7",
    _check,
)
