"""CNT-07: a mail is words first."""

from collections.abc import Iterator

from digest.model import Finding, Severity
from digest.preflight.rules.base import Case, Rule

_FEW = 250  #: characters, footer and all; an edition of one story has more


def _check(case: Case) -> Iterator[Finding]:
    pictures, count = len(case.page.named("img")), len(case.page.words)
    if pictures and count < _FEW:
        message = f"{count} characters beside {_counted(pictures)}; filters take that for spam"
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
