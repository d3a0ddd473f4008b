"""MIME-02: the text part carries the same stories as the HTML."""

from digest.preflight.rules.base import BLOCKER, Case, Rule, Said


def _check(case: Case) -> Said:
    hrefs = {anchor.href for anchor in case.page.anchors}
    lines = {line.strip() for line in case.rendered.text.splitlines()}
    links = [(story.lead.url, story.lead.title) for story in case.edition.stories]
    links += [(sponsor.url, sponsor.title) for sponsor in case.edition.placements]
    for url, title in links:
        for where, present in (("html", url in hrefs), ("text", url in lines)):
            if url.startswith("http") and not present:
                yield f"{title[:60]!r} has no link here; the two parts must agree", where


RULE = Rule(
    "MIME-02",
    BLOCKER,
    "The text part carries the same stories as the HTML.",
    "SpamAssassin MPART_ALT_DIFF 2.2",
    _check,
)
