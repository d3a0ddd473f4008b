"""HDR-11: the list has a name that stays."""

import re

from digest.preflight.rules.base import WARNING, Case, Rule, Said

_ID = re.compile(r"[^<>]*<[a-z0-9-]+(\.[a-z0-9-]+)+>", re.IGNORECASE)


def _check(case: Case) -> Said:
    given = case.mail.get("List-Id")
    if given is not None and not _ID.fullmatch(str(given).strip()):
        yield f"{str(given)[:80]!r} is not a name with <id.domain>", "List-Id"


RULE = Rule(
    "HDR-11",
    WARNING,
    "List-Id names the list as an id under a domain.",
    "RFC 2919; Google",
    _check,
)
