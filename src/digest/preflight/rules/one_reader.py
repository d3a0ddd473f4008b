"""HDR-05: a copy is for one reader, whose address it names."""

from digest.preflight.rules.base import BLOCKER, Case, Rule, Said


def _check(case: Case) -> Said:
    for name in ("To", "Cc", "Bcc"):
        fields = case.mail.get_all(name, [])
        count = sum(len(field.addresses) for field in fields)
        if fields and count != (name == "To"):
            yield f"it names {count} readers; each gets a copy of their own", name


RULE = Rule(
    "HDR-05",
    BLOCKER,
    "To names the one reader, and nobody gets a copy beside.",
    "RFC 5322 3.6.3; SpamAssassin MISSING_HEADERS",
    _check,
)
