"""MIME-05: the HTML stays under the size at which Gmail clips it."""

import re

from digest.preflight.rules.base import BLOCKER, WARNING, Case, Rule, Said
from digest.text import encoded_size

_LIMIT, _WARN_ENCODED, _WARN_RAW = 102_000, 100_000, 90_000
_STYLE = 8 * 1024
_NESTED = re.compile(r"@[a-z-]+[^{}]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*@")


def _check(case: Case) -> Said:
    raw = case.rendered.html.encode("utf-8", "replace")
    encoded = encoded_size(case.rendered.html)
    if encoded > _LIMIT:
        yield f"{encoded:,} bytes encoded; Gmail clips it: show less", "html"
    elif encoded > _WARN_ENCODED or len(raw) > _WARN_RAW:
        yield f"{len(raw):,} bytes, near the {_LIMIT:,} Gmail shows", "html", WARNING
    if short := case.rendered.shortened:
        message = f"{', '.join(short)}: headlines only, or Gmail clips it; show fewer stories"
        yield message, "html", WARNING
    style = len(case.page.style.encode())
    if style > _STYLE:
        yield f"{style:,} bytes of style; keep it under {_STYLE:,}", "html"
    if _NESTED.search(case.page.style):
        yield "an @ rule inside another; Gmail drops the whole style", "html"


RULE = Rule(
    "MIME-05",
    BLOCKER,
    "The HTML is small enough not to be clipped.",
    "email-bugs 41, 56 and 90; caniemail 144",
    _check,
)
