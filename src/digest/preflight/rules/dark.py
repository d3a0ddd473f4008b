"""A11Y-08: devices set to dark get colours of their own."""

from digest.preflight.rules.base import WARNING, Case, Rule, Said


def _check(case: Case) -> Said:
    metas = {tag.attributes.get("name", "") for tag in case.page.named("meta")}
    for name in ("color-scheme", "supported-color-schemes"):
        if name not in metas:
            yield f"no meta {name}; clients then turn colours round themselves", "html"
    for sign, what in (("prefers-color-scheme", "@media block"), ("[data-ogsc]", "Outlook rule")):
        if sign not in case.page.style:
            yield f"the style has no {sign} {what}; see parts/head.mjml", "html"


RULE = Rule(
    "A11Y-08",
    WARNING,
    "The page says that it knows dark devices, and has a style for them.",
    "Litmus; mjml 2010",
    _check,
)
