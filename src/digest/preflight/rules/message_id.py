"""HDR-03: a Message-ID of our own domain."""

import re

from digest.preflight.rules.base import BLOCKER, Case, Rule, Said
from digest.text import host_of

_ID = re.compile(r"<[^\s<>@]+@([^\s<>@]+)>")


def _check(case: Case) -> Said:
    given = str(case.mail.get("Message-ID", "")).strip()
    found = _ID.fullmatch(given)
    if given and not found:
        yield f"{given[:80]!r} is no Message-ID", "Message-ID"
    if found and found[1].lower() != _ascii(case.domain):
        yield f"{found[1]} is not the sender's domain {case.domain}", "Message-ID"


def _ascii(domain: str) -> str:
    return host_of(f"https://{domain}/") or domain


RULE = Rule(
    "HDR-03",
    BLOCKER,
    "The Message-ID is well formed and of the sender's domain.",
    "RFC 5322 3.6.4; Google 421 4.7.28",
    _check,
)
