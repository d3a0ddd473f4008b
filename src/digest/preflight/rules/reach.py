"""CNT-11: every address is short, every page and picture is there."""

from digest.preflight.rules.base import BLOCKER, INFO, Case, Rule, Said

_LONGEST = 2_000


def _check(case: Case) -> Said:
    hrefs = [anchor.href for anchor in case.page.anchors]
    for url in dict.fromkeys(
        [*hrefs, *(t.attributes.get("src", "") for t in case.page.named("img"))]
    ):
        if len(url) >= _LONGEST:
            yield f"{len(url):,} characters; some clients cut it", url
    for url, problem in case.outside.reached.items():
        if problem == "gone":
            yield "nothing is there (404 or 410); replace it or drop the story", url
    unknown = [url for url, problem in case.outside.reached.items() if problem == "?"]
    if unknown:
        more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        yield f"not checked: no clear answer{more}", unknown[0], INFO


RULE = Rule(
    "CNT-11",
    BLOCKER,
    "Addresses stay under 2,000 characters; pages and pictures are there.",
    "practice",
    _check,
)
