"""MIME-05: the HTML stays under the size at which Gmail clips it."""

import re
from collections.abc import Iterator

from digest.model import Finding, Severity
from digest.preflight.rules.base import Case, Rule
from digest.text import encoded_size

_LIMIT, _WARN_ENCODED, _WARN_RAW = 102_000, 100_000, 90_000
_STYLE = 8 * 1024
_NESTED = re.compile(r"@[a-z-]+[^{}]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*@")


def _check(case: Case) -> Iterator[Finding]:
    raw = case.rendered.html.encode("utf-8", "replace")
    encoded = encoded_size(case.rendered.html)
    if encoded > _LIMIT:
        yield _finding(Severity.BLOCKER, f"{encoded:,} bytes encoded; Gmail clips it: show less")
    elif encoded > _WARN_ENCODED or len(raw) > _WARN_RAW:
        yield _finding(Severity.WARNING, f"{len(raw):,} bytes, near the {_LIMIT:,} Gmail shows")
    if short := case.rendered.shortened:
        message = f"{', '.join(short)}: headlines only, or Gmail clips it; show fewer stories"
        yield _finding(Severity.WARNING, message)
    style = len(case.page.style.encode())
    if style > _STYLE:
        yield _finding(Severity.BLOCKER, f"{style:,} bytes of style; keep it under {_STYLE:,}")
    if _NESTED.search(case.page.style):
        yield _finding(Severity.BLOCKER, "an @ rule inside another; Gmail drops the whole style")


def _finding(severity: Severity, message: str) -> Finding:
    return Finding("MIME-05", severity, message, "html")


RULE = Rule(
    "MIME-05",
    Severity.BLOCKER,
    "The HTML is small enough not to be clipped.",
    "email-bugs 41, 56 and 90; caniemail 144",
    _check,
)
