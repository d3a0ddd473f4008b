"""MIME-06: the recipient's token has its place, and no template sign is left."""

from digest.model import Edition
from digest.preflight.rules.base import BLOCKER, Case, Rule, Said
from digest.text import TOKEN

_SIGNS = ("{{", "{%")


def _check(case: Case) -> Said:
    parts = {"html": case.rendered.html, "text": case.rendered.text}
    written = _written(case.edition)
    for where, part in parts.items():
        if TOKEN not in part:
            yield "no place for the recipient's token; use unsubscribe_url", where
        for sign in _SIGNS:
            if sign in part and sign not in written:
                yield f"{sign} was left by a template", where
    if TOKEN in case.rendered.subject:
        yield "the recipient's token is in the subject", "subject"


def _written(edition: Edition) -> str:
    """Return what people wrote: an article may well be about templates."""
    stories = [f"{s.lead.title} {s.lead.summary} {s.lead.author_bio}" for s in edition.stories]
    sponsors = [f"{p.title} {p.text}" for p in edition.placements]
    return " ".join([edition.subject, edition.stand_first, edition.note, *stories, *sponsors])


RULE = Rule(
    "MIME-06",
    BLOCKER,
    "Every template sign is replaced; the recipient's token is in HTML and text.",
    "measured",
    _check,
    firm=True,
)
