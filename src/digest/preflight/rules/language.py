"""A11Y-01: the page says its language and direction."""

from digest.preflight.rules.base import BLOCKER, Case, Rule, Said


def _check(case: Case) -> Said:
    roots = case.page.named("html")
    wrappers = [tag for tag in case.page.tags if tag.attributes.get("role") == "article"]
    for what, tags in (("<html>", roots), ('the role="article" wrapper', wrappers)):
        given = tags[0].attributes if tags else {}
        for name in ("lang", "dir"):
            if given.get(name, "") in {"", "und", "auto"}:
                yield f"{what} has no {name}; screen readers need it", "html"


RULE = Rule(
    "A11Y-01",
    BLOCKER,
    "Language and direction on the page and on its wrapper.",
    "Email Markup Consortium 2026; WCAG 3.1.1",
    _check,
)
