"""A11Y-09: pictures keep their place before they are loaded."""

from digest.preflight.rules.base import BLOCKER, Case, Rule, Said


def _check(case: Case) -> Said:
    for tag in case.page.named("img"):
        for name in ("width", "height"):
            if not tag.attributes.get(name, "").isdecimal():
                message = f"a picture without {name} in whole pixels; Outlook shows it at any size"
                where = tag.attributes.get("src", "")[:120]
                yield message, where


RULE = Rule(
    "A11Y-09",
    BLOCKER,
    "Every picture has a width and a height in whole pixels.",
    "caniemail srcset; measured",
    _check,
)
