"""HDR-10: lines as mail has them."""

from collections.abc import Iterator

from digest.model import Finding, Severity
from digest.preflight.rules.base import Case, Rule

_LONGEST = 998


def _check(case: Case) -> Iterator[Finding]:
    lines = case.content.split(b"\r\n")
    for number, line in enumerate(lines, 1):
        if len(line) > _LONGEST:
            yield _finding(f"{len(line):,} bytes in one line; at most {_LONGEST}", number)
        if b"\r" in line or b"\n" in line or b"\0" in line:
            yield _finding("a bare CR, LF or NUL; servers refuse the mail", number)


def _finding(message: str, line: int) -> Finding:
    return Finding("HDR-10", Severity.BLOCKER, message, f"line {line}")


RULE = Rule(
    "HDR-10",
    Severity.BLOCKER,
    "Lines end with CRLF, hold at most 998 bytes and no NUL.",
    "RFC 5322 2.1.1; RFC 5321 4.5.3.1.6",
    _check,
)
