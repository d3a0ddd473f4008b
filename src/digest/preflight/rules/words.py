"""CNT-07: a mail is words first."""

from collections.abc import Iterator

from digest.model import Finding, Severity
from digest.preflight.rules.base import Case, Rule
from digest.text import words

_FEW = 60  #: words; an edition of one story has more


def _check(case: Case) -> Iterator[Finding]:
    pictures, count = len(case.page.named("img")), len(words(case.page.words))
    if pictures and count < _FEW:
        message = f"{count} words beside {_counted(pictures)}; filters take that for spam"
        yield Finding("CNT-07", Severity.WARNING, message, "html")


def _counted(pictures: int) -> str:
    return f"{pictures} picture{'s' if pictures > 1 else ''}"


RULE = Rule(
    "CNT-07",
    Severity.WARNING,
    "The mail is not pictures alone.",
    "SpamAssassin HTML_IMAGE_ONLY",
    _check,
)
