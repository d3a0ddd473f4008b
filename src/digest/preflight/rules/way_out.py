"""HDR-06: mail programs find the way out."""

import re

from digest.preflight.rules.base import BLOCKER, Case, Rule, Said

_WAYS = re.compile(r"<(https?)://[^\s<>]+>,\s*<mailto:[^\s<>@]+@[^\s<>]+>")


def _check(case: Case) -> Said:
    given = case.mail.get("List-Unsubscribe")
    if given is None:
        return
    found = _WAYS.fullmatch(str(given).strip())
    if not found:
        yield "not one web address and one mailto; leave it to us", "List-Unsubscribe"
    elif found[1] == "http" and case.public:
        yield "http; one-click needs https: set web.base_url", "List-Unsubscribe"


RULE = Rule(
    "HDR-06",
    BLOCKER,
    "List-Unsubscribe has one https address first and one mailto.",
    "RFC 2369; RFC 8058 3.1; Microsoft",
    _check,
    firm=True,
)
