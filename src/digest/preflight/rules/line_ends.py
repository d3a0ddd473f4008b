"""HDR-10: lines as mail has them."""

from digest.preflight.rules.base import BLOCKER, Case, Rule, Said

_LONGEST = 998


def _check(case: Case) -> Said:
    lines = case.content.split(b"\r\n")
    for number, line in enumerate(lines, 1):
        if len(line) > _LONGEST:
            yield f"{len(line):,} bytes in one line; at most {_LONGEST}", f"line {number}"
        if b"\r" in line or b"\n" in line or b"\0" in line:
            yield "a bare CR, LF or NUL; servers refuse the mail", f"line {number}"


RULE = Rule(
    "HDR-10",
    BLOCKER,
    "Lines end with CRLF, hold at most 998 bytes and no NUL.",
    "RFC 5322 2.1.1; RFC 5321 4.5.3.1.6",
    _check,
)
