"""A11Y-06: letters large enough to read."""

from digest.preflight.rules.base import WARNING, Case, Rule, Said

_SMALLEST = 13


def _check(case: Case) -> Said:
    small = [run for run in case.page.runs if not run.ink.hidden and 0 < run.ink.size < _SMALLEST]
    if small:
        size, words = small[0].ink.size, small[0].words[:40]
        yield f"{size:g} px: {words!r}; phones need {_SMALLEST} and more", "html"


RULE = Rule(
    "A11Y-06",
    WARNING,
    "No words smaller than 13 pixels.",
    "WCAG 2.2; Apple HIG",
    _check,
)
