"""HDR-12: complaints are counted by edition, never by reader."""

import re

from digest.preflight.rules.base import WARNING, Case, Rule, Said

_ID = re.compile(r"[^:@]*:[^:@]*:[^:@]*:[^:@]{5,15}")


def _check(case: Case) -> Said:
    given = case.mail.get("Feedback-ID")
    if case.content and not (given and _ID.fullmatch(str(given).strip())):
        yield "it reads campaign:list:type:sender, the sender 5 to 15 characters", "Feedback-ID"


RULE = Rule(
    "HDR-12",
    WARNING,
    "Feedback-ID has four parts and a stable sender, no reader.",
    "Gmail feedback loop",
    _check,
)
