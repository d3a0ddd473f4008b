"""HDR-09: encoded words only where people read."""

import re
from collections.abc import Iterator

from digest.model import Finding, Severity
from digest.preflight.rules.base import Case, Rule

_FOLD = re.compile(rb"\r\n(?=[ \t])")
_FREE = {"from", "subject", "reply-to", "list-id"}
_INSIDE = re.compile(rb"<[^>]*=\?[^>]*>|=\?[^?]*\?[bqBQ]\?[^?]*\?=@")


def _check(case: Case) -> Iterator[Finding]:
    head = _FOLD.sub(b"", case.content.partition(b"\r\n\r\n")[0])
    for line in head.split(b"\r\n"):
        name = line.partition(b":")[0].decode("ascii", "replace")
        if b"=?" in line and (name.lower() not in _FREE or _INSIDE.search(line)):
            message = "an encoded word where none may stand; use ASCII there"
            yield Finding("HDR-09", Severity.BLOCKER, message, name)


RULE = Rule(
    "HDR-09",
    Severity.BLOCKER,
    "Encoded words stand only in the subject and in names.",
    "RFC 2047 5; Google 550 5.7.1",
    _check,
)
