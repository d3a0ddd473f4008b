"""HDR-13: the mail says that nobody need answer it."""

from collections.abc import Iterator

from digest.model import Finding, Severity
from digest.preflight.rules.base import Case, Rule

_SAID = {
    "Precedence": "bulk",
    "Auto-Submitted": "auto-generated",
    "X-Auto-Response-Suppress": "All",
}


def _check(case: Case) -> Iterator[Finding]:
    for name, value in _SAID.items() if case.content else ():
        if str(case.mail.get(name, "")).strip().lower() != value.lower():
            yield Finding("HDR-13", Severity.WARNING, f"it must be {value}", name)


RULE = Rule(
    "HDR-13",
    Severity.WARNING,
    "The mail says it is bulk and automatic, so that no robot answers.",
    "RFC 3834 5; SpamAssassin MAILING_LIST_MULTI",
    _check,
)
