"""A11Y-03: every picture speaks to those who do not see it."""

from collections.abc import Iterator

from digest.model import Finding, Severity
from digest.preflight.rules.base import Case, Rule


def _check(case: Case) -> Iterator[Finding]:
    for tag in case.page.named("img"):
        if "alt" not in tag.attributes:
            yield _finding("a picture without alt", tag.attributes.get("src", ""))
    for anchor in case.page.anchors:
        if not anchor.words and not anchor.hidden:
            yield _finding("a link without words; give its picture an alt text", anchor.href)


def _finding(message: str, where: str) -> Finding:
    return Finding("A11Y-03", Severity.BLOCKER, message, where[:120])


RULE = Rule(
    "A11Y-03",
    Severity.BLOCKER,
    "Every picture has alt, and no link is without words.",
    "axe image-alt and link-name; WCAG 1.1.1",
    _check,
)
