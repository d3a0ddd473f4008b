"""A11Y-06: letters large enough to read."""

from collections.abc import Iterator

from digest.model import Finding, Severity
from digest.preflight.rules.base import Case, Rule

_SMALLEST = 13


def _check(case: Case) -> Iterator[Finding]:
    small = [run for run in case.page.runs if not run.ink.hidden and 0 < run.ink.size < _SMALLEST]
    if small:
        size, words = small[0].ink.size, small[0].words[:40]
        message = f"{size:g} px: {words!r}; phones need {_SMALLEST} and more"
        yield Finding("A11Y-06", Severity.WARNING, message, "html")


RULE = Rule(
    "A11Y-06",
    Severity.WARNING,
    "No words smaller than 13 pixels.",
    "WCAG 2.2; Apple HIG",
    _check,
)
