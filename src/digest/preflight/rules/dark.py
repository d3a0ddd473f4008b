"""A11Y-08: devices set to dark get colours of their own."""

from collections.abc import Iterator

from digest.model import Finding, Severity
from digest.preflight.rules.base import Case, Rule


def _check(case: Case) -> Iterator[Finding]:
    metas = {tag.attributes.get("name", "") for tag in case.page.named("meta")}
    for name in ("color-scheme", "supported-color-schemes"):
        if name not in metas:
            yield _finding(f"no meta {name}; clients then turn colours round themselves")
    for sign, what in (("prefers-color-scheme", "@media block"), ("[data-ogsc]", "Outlook rule")):
        if sign not in case.page.style:
            yield _finding(f"the style has no {sign} {what}; see parts/head.mjml")


def _finding(message: str) -> Finding:
    return Finding("A11Y-08", Severity.WARNING, message, "html")


RULE = Rule(
    "A11Y-08",
    Severity.WARNING,
    "The page says that it knows dark devices, and has a style for them.",
    "Litmus; mjml 2010",
    _check,
)
