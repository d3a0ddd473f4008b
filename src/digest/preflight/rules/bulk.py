"""HDR-13: the mail says that nobody need answer it."""

from digest.preflight.rules.base import WARNING, Case, Rule, Said

_SAID = {
    "Precedence": "bulk",
    "Auto-Submitted": "auto-generated",
    "X-Auto-Response-Suppress": "All",
}


def _check(case: Case) -> Said:
    for name, value in _SAID.items() if case.content else ():
        if str(case.mail.get(name, "")).strip().lower() != value.lower():
            yield f"it must be {value}", name


RULE = Rule(
    "HDR-13",
    WARNING,
    "The mail says it is bulk and automatic, so that no robot answers.",
    "RFC 3834 5; SpamAssassin MAILING_LIST_MULTI",
    _check,
)
