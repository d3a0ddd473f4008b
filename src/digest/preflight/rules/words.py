"""CNT-07: a mail is words first."""

from digest.preflight.rules.base import WARNING, Case, Rule, Said

_FEW = 250  #: characters, footer and all; an edition of one story has more


def _check(case: Case) -> Said:
    pictures, count = len(case.page.named("img")), len(case.page.words)
    if pictures and count < _FEW:
        yield f"{count} characters beside {_counted(pictures)}; filters take that for spam", "html"


def _counted(pictures: int) -> str:
    return f"{pictures} picture{'s' if pictures > 1 else ''}"


RULE = Rule(
    "CNT-07",
    WARNING,
    "The mail is not pictures alone.",
    "SpamAssassin HTML_IMAGE_ONLY",
    _check,
)
