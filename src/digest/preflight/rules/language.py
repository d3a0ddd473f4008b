"""A11Y-01: the page says its language and direction."""

from collections.abc import Iterator

from digest.model import Finding, Severity
from digest.preflight.rules.base import Case, Rule


def _check(case: Case) -> Iterator[Finding]:
    roots = case.page.named("html")
    wrappers = [tag for tag in case.page.tags if tag.attributes.get("role") == "article"]
    for what, tags in (("<html>", roots), ('the role="article" wrapper', wrappers)):
        given = tags[0].attributes if tags else {}
        for name in ("lang", "dir"):
            if given.get(name, "") in {"", "und", "auto"}:
                message = f"{what} has no {name}; screen readers need it"
                yield Finding("A11Y-01", Severity.BLOCKER, message, "html")


RULE = Rule(
    "A11Y-01",
    Severity.BLOCKER,
    "Language and direction on the page and on its wrapper.",
    "Email Markup Consortium 2026; WCAG 3.1.1",
    _check,
)
