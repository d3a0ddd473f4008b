"""A11Y-10: nothing is wider than the mail, so that nobody has to scroll sideways."""

import re

from digest.preflight.rules.base import BLOCKER, Case, Rule, Said

_MOST = 640
_WIDTH = re.compile(r"(?:^|[;\s])(?:min-)?width:\s*(\d+)(?:\.\d+)?px")
_NO_BREAK = re.compile(r"white-space:\s*(?:nowrap|pre)\b")


def _check(case: Case) -> Said:
    for tag in case.page.tags:
        given, style = tag.attributes.get("width", ""), tag.attributes.get("style", "")
        widths = [int(number) for number in (given, *_WIDTH.findall(style)) if number.isdecimal()]
        if max(widths, default=0) > _MOST:
            yield f"<{tag.name}> is {max(widths)} pixels wide; a mail has {_MOST}", "html"
        if tag.name == "pre" or _NO_BREAK.search(style):
            yield f"<{tag.name}> keeps its lines whole; phones then scroll sideways", "html"


RULE = Rule(
    "A11Y-10",
    BLOCKER,
    "Nothing is wider than 640 pixels, and lines may break.",
    "WCAG 2.2 1.4.10; measured",
    _check,
)
