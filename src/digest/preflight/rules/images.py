"""A11Y-03: every picture speaks to those who do not see it."""

from digest.preflight.rules.base import BLOCKER, Case, Rule, Said


def _check(case: Case) -> Said:
    for tag in case.page.named("img"):
        if "alt" not in tag.attributes:
            yield "a picture without alt", tag.attributes.get("src", "")
    for anchor in case.page.anchors:
        if not anchor.words and not anchor.hidden:
            yield "a link without words; give its picture an alt text", anchor.href


RULE = Rule(
    "A11Y-03",
    BLOCKER,
    "Every picture has alt, and no link is without words.",
    "axe image-alt and link-name; WCAG 1.1.1",
    _check,
)
