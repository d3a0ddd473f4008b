"""A11Y-05: words can be read on their ground."""

from digest.preflight.rules.base import BLOCKER, Case, Rule, Said
from digest.settings.contrast import READABLE, contrast

_LARGE, _ENOUGH = 24, 3.0  #: pixels from which letters are large, and their contrast


def _check(case: Case) -> Said:
    seen: set[tuple[str, str]] = set()
    for run in case.page.runs:
        ink, pair = run.ink, (run.ink.colour, run.ink.ground)
        if ink.hidden or not all(pair) or ink.colour == ink.ground or pair in seen:
            continue
        if (ratio := contrast(*pair)) < (_ENOUGH if ink.size >= _LARGE else READABLE):
            seen.add(pair)
            message = f"{ink.colour} on {ink.ground} is {ratio:.1f} to 1: {run.words[:40]!r}"
            yield f"{message}; darken or lighten one", "html"


RULE = Rule(
    "A11Y-05",
    BLOCKER,
    "Words stand out from their ground: 4.5 to 1, large ones 3 to 1.",
    "WCAG 2.2 1.4.3",
    _check,
)
