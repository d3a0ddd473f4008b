"""HDR-11: the list has a name that stays."""

import re
from collections.abc import Iterator

from digest.model import Finding, Severity
from digest.preflight.rules.base import Case, Rule

_ID = re.compile(r"[^<>]*<[a-z0-9-]+(\.[a-z0-9-]+)+>", re.IGNORECASE)


def _check(case: Case) -> Iterator[Finding]:
    given = case.mail.get("List-Id")
    if given is not None and not _ID.fullmatch(str(given).strip()):
        message = f"{str(given)[:80]!r} is not a name with <id.domain>"
        yield Finding("HDR-11", Severity.WARNING, message, "List-Id")


RULE = Rule(
    "HDR-11",
    Severity.WARNING,
    "List-Id names the list as an id under a domain.",
    "RFC 2919; Google",
    _check,
)
