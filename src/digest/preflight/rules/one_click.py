"""HDR-07: one click is enough to leave."""

from collections.abc import Iterator

from digest.model import Finding, Severity
from digest.preflight.rules.base import Case, Rule


def _check(case: Case) -> Iterator[Finding]:
    given = case.mail.get("List-Unsubscribe-Post")
    if given is not None and str(given).strip() != "List-Unsubscribe=One-Click":
        message = "it must read List-Unsubscribe=One-Click"
        yield Finding("HDR-07", Severity.BLOCKER, message, "List-Unsubscribe-Post")


RULE = Rule(
    "HDR-07",
    Severity.BLOCKER,
    "List-Unsubscribe-Post says that one click is enough.",
    "RFC 8058; Google; Yahoo",
    _check,
    firm=True,
)
