"""HDR-12: complaints are counted by edition, never by reader."""

import re
from collections.abc import Iterator

from digest.model import Finding, Severity
from digest.preflight.rules.base import Case, Rule

_ID = re.compile(r"[^:@]*:[^:@]*:[^:@]*:[^:@]{5,15}")


def _check(case: Case) -> Iterator[Finding]:
    given = case.mail.get("Feedback-ID")
    if case.content and not (given and _ID.fullmatch(str(given).strip())):
        message = "it reads campaign:list:type:sender, the sender 5 to 15 characters"
        yield Finding("HDR-12", Severity.WARNING, message, "Feedback-ID")


RULE = Rule(
    "HDR-12",
    Severity.WARNING,
    "Feedback-ID has four parts and a stable sender, no reader.",
    "Gmail feedback loop",
    _check,
)
