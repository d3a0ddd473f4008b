"""A11Y-11: buttons survive a client that forces dark."""

from digest.preflight.rules.base import WARNING, Case, Rule, Said
from digest.settings.contrast import contrast

_GROUNDS, _ENOUGH = ("#ffffff", "#121212"), 3.0


def _check(case: Case) -> Said:
    fills = {anchor.fill: anchor.words for anchor in case.page.anchors if anchor.fill}
    for fill, words in fills.items():
        for ground in _GROUNDS:
            if contrast(fill, ground) < _ENOUGH:
                message = f"the button {words[:40]!r} ({fill}) melts into {ground}; choose another"
                yield f"{message} accent", "html"


RULE = Rule(
    "A11Y-11",
    WARNING,
    "Buttons stand out from white and from black, 3 to 1.",
    "WCAG 2.2 1.4.11",
    _check,
)
