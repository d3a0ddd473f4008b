"""CNT-06: no words that only filters see."""

from collections.abc import Iterator

from digest.model import Finding, Severity
from digest.preflight.rules.base import Case, Rule


def _check(case: Case) -> Iterator[Finding]:
    for run in case.page.runs:
        ink = run.ink
        if ink.hidden or (ink.colour and ink.colour == ink.ground):
            message = f"{run.words[:60]!r} cannot be seen; show it or take it out"
            yield Finding("CNT-06", Severity.WARNING, message, "html")


RULE = Rule(
    "CNT-06",
    Severity.WARNING,
    "No hidden words: none invisible, none in the colour of their ground.",
    "Google; SpamAssassin HTML_FONT_LOW_CONTRAST",
    _check,
)
