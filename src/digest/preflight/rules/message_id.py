"""HDR-03: a Message-ID of our own domain."""

import re
from collections.abc import Iterator

from digest.model import Finding, Severity
from digest.preflight.rules.base import Case, Rule
from digest.text import host_of

_ID = re.compile(r"<[^\s<>@]+@([^\s<>@]+)>")


def _check(case: Case) -> Iterator[Finding]:
    given = str(case.mail.get("Message-ID", "")).strip()
    found = _ID.fullmatch(given)
    if given and not found:
        yield _finding(f"{given[:80]!r} is no Message-ID")
    if found and found[1].lower() != _ascii(case.domain):
        yield _finding(f"{found[1]} is not the sender's domain {case.domain}")


def _ascii(domain: str) -> str:
    return host_of(f"https://{domain}/") or domain


def _finding(message: str) -> Finding:
    return Finding("HDR-03", Severity.BLOCKER, message, "Message-ID")


RULE = Rule(
    "HDR-03",
    Severity.BLOCKER,
    "The Message-ID is well formed and of the sender's domain.",
    "RFC 5322 3.6.4; Google 421 4.7.28",
    _check,
)
