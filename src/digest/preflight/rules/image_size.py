"""A11Y-09: pictures keep their place before they are loaded."""

from collections.abc import Iterator

from digest.model import Finding, Severity
from digest.preflight.rules.base import Case, Rule


def _check(case: Case) -> Iterator[Finding]:
    for tag in case.page.named("img"):
        for name in ("width", "height"):
            if not tag.attributes.get(name, "").isdecimal():
                message = f"a picture without {name} in whole pixels; Outlook shows it at any size"
                where = tag.attributes.get("src", "")[:120]
                yield Finding("A11Y-09", Severity.BLOCKER, message, where)


RULE = Rule(
    "A11Y-09",
    Severity.BLOCKER,
    "Every picture has a width and a height in whole pixels.",
    "caniemail srcset; measured",
    _check,
)
