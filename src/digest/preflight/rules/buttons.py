"""A11Y-11: buttons survive a client that forces dark."""

from collections.abc import Iterator

from digest.model import Finding, Severity
from digest.preflight.rules.base import Case, Rule
from digest.settings.contrast import contrast

_GROUNDS, _ENOUGH = ("#ffffff", "#121212"), 3.0


def _check(case: Case) -> Iterator[Finding]:
    fills = {anchor.fill: anchor.words for anchor in case.page.anchors if anchor.fill}
    for fill, words in fills.items():
        for ground in _GROUNDS:
            if contrast(fill, ground) < _ENOUGH:
                message = f"the button {words[:40]!r} ({fill}) melts into {ground}; choose another"
                yield Finding("A11Y-11", Severity.WARNING, f"{message} accent", "html")


RULE = Rule(
    "A11Y-11",
    Severity.WARNING,
    "Buttons stand out from white and from black, 3 to 1.",
    "WCAG 2.2 1.4.11",
    _check,
)
