"""CNT-11: every address is short, every page and picture is there."""

from collections.abc import Iterator

from digest.model import Finding, Severity
from digest.preflight.rules.base import Case, Rule

_LONGEST = 2_000


def _check(case: Case) -> Iterator[Finding]:
    hrefs = [anchor.href for anchor in case.page.anchors]
    for url in dict.fromkeys(
        [*hrefs, *(t.attributes.get("src", "") for t in case.page.named("img"))]
    ):
        if len(url) >= _LONGEST:
            yield _finding(Severity.BLOCKER, f"{len(url):,} characters; some clients cut it", url)
    for url, problem in case.outside.reached.items():
        if problem == "gone":
            message = "nothing is there (404 or 410); replace it or drop the story"
            yield _finding(Severity.BLOCKER, message, url)
    unknown = [url for url, problem in case.outside.reached.items() if problem == "?"]
    if unknown:
        more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        yield _finding(Severity.INFO, f"not checked: no clear answer{more}", unknown[0])


def _finding(severity: Severity, message: str, url: str) -> Finding:
    return Finding("CNT-11", severity, message, url[:120])


RULE = Rule(
    "CNT-11",
    Severity.BLOCKER,
    "Addresses stay under 2,000 characters; pages and pictures are there.",
    "practice",
    _check,
)
