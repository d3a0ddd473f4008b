"""CNT-08: nothing that runs, submits or embeds."""

from collections.abc import Iterator

from digest.model import Finding, Severity
from digest.preflight.rules.base import Case, Rule

_REFUSED = frozenset(
    "script form input button select textarea iframe frame object embed applet video audio "
    "base link svg math template".split()
)


def _check(case: Case) -> Iterator[Finding]:
    for tag in case.page.tags:
        if tag.name in _REFUSED:
            yield _finding(f"<{tag.name}> has no place in mail; take it out")
        for name in tag.attributes:
            if name.startswith("on"):
                yield _finding(f"<{tag.name} {name}> would run code; take it out")


def _finding(message: str) -> Finding:
    return Finding("CNT-08", Severity.BLOCKER, message, "html")


RULE = Rule(
    "CNT-08",
    Severity.BLOCKER,
    "No scripts, forms, frames, objects, videos or event handlers.",
    "caniemail",
    _check,
)
