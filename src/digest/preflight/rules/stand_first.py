"""CNT-09: the first line is worth its place in the inbox."""

from collections.abc import Iterator

from digest.model import Finding, Severity
from digest.preflight.rules.base import Case, Rule
from digest.text import clean

_SHORT, _LONG = 40, 140


def _check(case: Case) -> Iterator[Finding]:
    said = clean(case.edition.stand_first)
    if not said:
        yield _finding("there is none; inboxes show it beside the subject")
    elif not _SHORT <= len(said) <= _LONG:
        yield _finding(f"{len(said)} characters; inboxes show {_SHORT} to {_LONG}")
    if said and said.casefold() == clean(case.rendered.subject).casefold():
        yield _finding("it repeats the subject; say what else is in the edition")


def _finding(message: str) -> Finding:
    return Finding("CNT-09", Severity.WARNING, message, "stand_first")


RULE = Rule(
    "CNT-09",
    Severity.WARNING,
    "The stand-first is 40 to 140 characters and not the subject.",
    "practice",
    _check,
)
