"""HDR-16: domains in headers are ASCII."""

from collections.abc import Iterator

from digest.model import Finding, Severity
from digest.preflight.rules.base import Case, Rule


def _check(case: Case) -> Iterator[Finding]:
    head = case.content.partition(b"\r\n\r\n")[0].decode("utf-8", "replace")
    for name in ("From", "Reply-To", "Message-ID", "List-Id", "List-Unsubscribe"):
        value = next((line for line in head.split("\r\n") if line.startswith(f"{name}:")), "")
        if not value.rpartition("@")[2].isascii():
            message = "a domain with letters beyond ASCII; write its xn-- form"
            yield Finding("HDR-16", Severity.BLOCKER, message, name)


RULE = Rule(
    "HDR-16",
    Severity.BLOCKER,
    "Domains stand in headers as A-labels.",
    "RFC 5891; RFC 6532",
    _check,
)
