"""What the edition desk shows: stories with bars and reasons, the proof beside them."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from fastapi import Response

from digest import pipeline
from digest.compose.hand import TOP
from digest.explain.told import section_stories
from digest.model import MICRO, Edition, EditionState, Finding, Override, PlacedStory, Rendered
from digest.store import editions
from digest.text import encoded_size
from digest.web.admin.ask import Ask

CLIPPED = 102_000  #: encoded bytes of HTML at which Gmail clips a mail
_WIDTHS, _SCHEMES, _PARTS = ("640", "375"), ("light", "dark"), ("html", "text")
GOING = (EditionState.APPROVED, EditionState.FILLING, EditionState.SENDING, EditionState.PAUSED)


@dataclass(frozen=True, slots=True)
class View:
    """How the preview is looked at."""

    width: str
    scheme: str
    part: str


def find(ask: Ask) -> Edition:
    """Return the edition of the address; what is done is done to it."""
    edition = pipeline.find_edition(ask.app, ask.path("key"))
    ask.about = edition.key
    return edition


def view_of(ask: Ask) -> View:
    """Return how the preview is looked at, as the page says; else wide and light."""

    def one(name: str, known: tuple[str, ...]) -> str:
        given = ask.text(name) or ask.query(name)
        return given if given in known else known[0]

    return View(one("width", _WIDTHS), one("scheme", _SCHEMES), one("part", _PARTS))


def show(ask: Ask, edition: Edition, said: str = "", status: int = 200) -> Response:
    """Show the desk, or to the page's script what of it may have changed."""
    name = "admin/desk_live.html" if ask.is_live else "admin/desk.html"
    return ask.page(name, status, **values(ask, edition), done=said)


def changed(ask: Ask, edition: Edition, said: str) -> Response:
    """Answer a change: the live parts anew, or without a script the whole page."""
    if ask.is_live:
        return show(ask, edition, said)
    return ask.back(f"/editions/{edition.key}", said)


def values(ask: Ask, edition: Edition) -> dict[str, Any]:
    """Return what the desk's templates need."""
    looked = pipeline.proof(ask.app, edition, wishes=_wishes(ask, edition))
    html = looked.rendered.html if looked.rendered else ""
    return {
        **shown(looked.rendered),
        "edition": edition,
        "looked": looked,
        "is_open": edition.state in editions.OPEN_STATES,
        "is_going": edition.state in GOING,
        "lists": _lists(edition),
        "homes": homes(ask, edition),
        "most": max([MICRO, *(p.ranked.score for p in edition.stories)]),
        "widest": max([MICRO, *(abs(x.micro) for p in edition.stories for x in p.ranked.parts)]),
        "size": encoded_size(html),
        "clipped": CLIPPED,
        "findings": _findings(looked.findings),
        "decided": _decided(edition),
        "edits": _edits(edition),
        "pinned": {o.article_id for o in edition.overrides if o.name == "place"},
        "view": view_of(ask),
        "state_word": _STATE_WORDS.get(edition.state, edition.state.value),
        "left_out": len(edition.left_out),
    }


def _wishes(ask: Ask, edition: Edition) -> pipeline.Wishes | None:
    """Return what readers wanted a moment ago: to work by; who approves sees what they want now."""
    if edition.state not in editions.OPEN_STATES:
        return None
    return ask.recent.get(edition.key, lambda: pipeline.wanted(ask.app, edition))


def shown(rendered: Rendered | None) -> dict[str, object]:
    """Return what the preview needs; with another mark it loads the mail anew."""
    mark = sha256(rendered.html.encode()).hexdigest()[:12] if rendered else ""
    return {"rendered": rendered, "mark": mark}


_STATE_WORDS = {
    EditionState.HELD: "held: a person must look at it",
    EditionState.FILLING: "being queued",
}


def _lists(edition: Edition) -> list[tuple[str, str, list[PlacedStory]]]:
    """Return each list's name for a form, its title, its stories."""
    top = [(TOP, "Top stories", list(edition.top_stories))]
    return top + [(s.category, s.title, list(s.stories)) for s in edition.sections]


def homes(ask: Ask, edition: Edition) -> list[tuple[str, str]]:
    """Return the lists a story may go to: name and title."""
    rules = ask.app.newsletter(edition.newsletter).sections
    named = (
        [] if rules == "auto" else [(rule.category, rule.title or rule.category) for rule in rules]
    )
    there = [(s.category, s.title) for s in edition.sections]
    return [(TOP, "Top stories"), *dict([*named, *there]).items()]


def _findings(found: tuple[Finding, ...]) -> list[tuple[str, str, str, list[str]]]:
    """Return each thing found once: how bad, rule, what, and where."""
    places: dict[tuple[str, str, str], list[str]] = {}
    for each in found:
        key = (each.severity.value, each.rule, each.message)
        places.setdefault(key, []).extend([each.where] if each.where else [])
    order = ("blocker", "warning", "info")
    return sorted(((*key, at) for key, at in places.items()), key=lambda f: order.index(f[0]))


def _decided(edition: Edition) -> list[tuple[Override, str]]:
    """Return what was decided by hand, each with the headline it is about."""
    titles = {e.article_id: e.title for e in edition.left_out}
    titles |= {placed.lead.id: placed.lead.title for _, placed in section_stories(edition)}
    return [(one, titles.get(one.article_id, one.article_id)) for one in edition.overrides]


def _edits(edition: Edition) -> dict[str, list[str]]:
    """Return which words of which story were edited here."""
    found: dict[str, list[str]] = {}
    for one in edition.overrides:
        if one.name in ("title", "summary", "image_url"):
            found.setdefault(one.article_id, []).append(one.name.replace("_url", ""))
    return found
