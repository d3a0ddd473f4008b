"""HDR-16: domains in headers are ASCII."""

from digest.preflight.rules.base import BLOCKER, Case, Rule, Said


def _check(case: Case) -> Said:
    head = case.content.partition(b"\r\n\r\n")[0].decode("utf-8", "replace")
    for name in ("From", "Reply-To", "Message-ID", "List-Id", "List-Unsubscribe"):
        value = next((line for line in head.split("\r\n") if line.startswith(f"{name}:")), "")
        if not value.rpartition("@")[2].isascii():
            yield "a domain with letters beyond ASCII; write its xn-- form", name


RULE = Rule(
    "HDR-16",
    BLOCKER,
    "Domains stand in headers as A-labels.",
    "RFC 5891; RFC 6532",
    _check,
)
