"""HDR-06: mail programs find the way out."""

import re
from collections.abc import Iterator

from digest.model import Finding, Severity
from digest.preflight.rules.base import Case, Rule

_WAYS = re.compile(r"<(https?)://[^\s<>]+>,\s*<mailto:[^\s<>@]+@[^\s<>]+>")


def _check(case: Case) -> Iterator[Finding]:
    given = case.mail.get("List-Unsubscribe")
    if given is None:
        return
    found = _WAYS.fullmatch(str(given).strip())
    if not found:
        yield _finding(Severity.BLOCKER, "not one web address and one mailto; leave it to us")
    elif found[1] == "http" and case.public:
        yield _finding(Severity.BLOCKER, "http; one-click needs https: set web.base_url")


def _finding(severity: Severity, message: str) -> Finding:
    return Finding("HDR-06", severity, message, "List-Unsubscribe")


RULE = Rule(
    "HDR-06",
    Severity.BLOCKER,
    "List-Unsubscribe has one https address first and one mailto.",
    "RFC 2369; RFC 8058 3.1; Microsoft",
    _check,
    firm=True,
)
