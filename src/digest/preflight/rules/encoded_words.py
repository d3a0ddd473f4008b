"""HDR-09: encoded words only where people read."""

import re

from digest.preflight.rules.base import BLOCKER, Case, Rule, Said

_FOLD = re.compile(rb"\r\n(?=[ \t])")
_FREE = {"from", "subject", "reply-to", "list-id"}
_INSIDE = re.compile(rb"<[^>]*=\?[^>]*>|=\?[^?]*\?[bqBQ]\?[^?]*\?=@")


def _check(case: Case) -> Said:
    head = _FOLD.sub(b"", case.content.partition(b"\r\n\r\n")[0])
    for line in head.split(b"\r\n"):
        name = line.partition(b":")[0].decode("ascii", "replace")
        if b"=?" in line and (name.lower() not in _FREE or _INSIDE.search(line)):
            yield "an encoded word where none may stand; use ASCII there", name


RULE = Rule(
    "HDR-09",
    BLOCKER,
    "Encoded words stand only in the subject and in names.",
    "RFC 2047 5; Google 550 5.7.1",
    _check,
)
