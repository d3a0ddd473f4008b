"""A11Y-04: headings go down one step at a time from a single first."""

from itertools import pairwise

from digest.preflight.rules.base import BLOCKER, Case, Rule, Said


def _check(case: Case) -> Said:
    levels = [int(tag.name[1]) for tag in case.page.named("h1", "h2", "h3", "h4", "h5", "h6")]
    if levels.count(1) != 1 or levels[0] != 1:
        yield f"{levels.count(1)} headings of the first level; one comes first", "html"
    for before, after in pairwise(levels):
        if after > before + 1:
            yield f"a heading of level {after} right after one of level {before}", "html"
            break


RULE = Rule(
    "A11Y-04",
    BLOCKER,
    "One first heading, then sections, then stories; no level skipped.",
    "axe heading-order; WCAG 1.3.1",
    _check,
)
