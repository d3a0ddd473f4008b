"""CNT-09: the first line is worth its place in the inbox."""

from digest.preflight.rules.base import WARNING, Case, Rule, Said
from digest.text import clean

_SHORT, _LONG = 40, 140


def _check(case: Case) -> Said:
    said = clean(case.edition.stand_first)
    if not said:
        yield "there is no stand-first; inboxes show it beside the subject", "stand_first"
    elif not _SHORT <= len(said) <= _LONG:
        yield f"{len(said)} characters; inboxes show {_SHORT} to {_LONG}", "stand_first"
    if said and said.casefold() == clean(case.rendered.subject).casefold():
        yield "it repeats the subject; say what else is in the edition", "stand_first"


RULE = Rule(
    "CNT-09",
    WARNING,
    "The stand-first is 40 to 140 characters and not the subject.",
    "practice",
    _check,
)
