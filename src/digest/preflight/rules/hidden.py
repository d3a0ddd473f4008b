"""CNT-06: no words that only filters see."""

from digest.preflight.rules.base import WARNING, Case, Rule, Said


def _check(case: Case) -> Said:
    for run in case.page.runs:
        ink = run.ink
        if ink.hidden or (ink.colour and ink.colour == ink.ground):
            yield f"{run.words[:60]!r} cannot be seen; show it or take it out", "html"


RULE = Rule(
    "CNT-06",
    WARNING,
    "No hidden words: none invisible, none in the colour of their ground.",
    "Google; SpamAssassin HTML_FONT_LOW_CONTRAST",
    _check,
)
