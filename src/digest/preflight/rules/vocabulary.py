"""CNT-08: nothing that runs, submits or embeds."""

from digest.preflight.rules.base import BLOCKER, Case, Rule, Said

_REFUSED = frozenset(
    "script form input button select textarea iframe frame object embed applet video audio "
    "base link svg math template".split()
)


def _check(case: Case) -> Said:
    for tag in case.page.tags:
        if tag.name in _REFUSED:
            yield f"<{tag.name}> has no place in mail; take it out", "html"
        for name in tag.attributes:
            if name.startswith("on"):
                yield f"<{tag.name} {name}> would run code; take it out", "html"


RULE = Rule(
    "CNT-08",
    BLOCKER,
    "No scripts, forms, frames, objects, videos or event handlers.",
    "caniemail",
    _check,
)
