"""Home: the next slots, the last edition's numbers, what needs attention."""

from typing import Any

from fastapi import Response

from digest import pipeline
from digest.model import EditionState, Feed
from digest.store import editions, feeds, outbox
from digest.web.admin.ask import EDITOR, Ask, Route

_FAILING = 3  #: failed fetches in a row that are worth a word


def _show(ask: Ask) -> Response:
    app = ask.app
    with app.database.reading() as tx:
        every = editions.every(tx, 12)
        known = {(each.newsletter, each.slot_on): each for each in every}
        gone = next(
            (e for e in every if e.state in (EditionState.SENT, EditionState.SENDING)), None
        )
        numbers = outbox.numbers(tx, gone.id, quick=True) if gone else None
        failing = [f for f in feeds.every(tx) if f.failures >= _FAILING or f.ended]
    slots = [
        (slug, slot, local, note, known.get((slug, slot.on)))
        for slug, slot, local, note in pipeline.upcoming(app, 2)
    ]
    return ask.page(
        "admin/home.html",
        slots=sorted(slots, key=lambda each: each[1].at),
        gone=gone,
        numbers=numbers,
        editions=every,
        worries=_worries(pipeline.health(app), failing),
        newsletters=app.settings.newsletters,
    )


def _worries(health: dict[str, Any], failing: list[Feed]) -> list[tuple[str, str]]:
    """Return what needs a person, with where to go for it."""
    found = []
    if reason := health.get("locked"):
        found.append((f"Nothing is sent: {reason}", ""))
    for state, words in (
        ("held", "waits for a person"),
        ("paused", "is paused"),
        ("stuck", "is going out, but nothing was settled for five minutes"),
    ):
        found += [(f"{key} {words}", f"/editions/{key}") for key in health.get(state, ())]
    if health.get("results_waiting"):
        found.append((f"{health['results_waiting']} results wait for the database", ""))
    for feed in failing:
        why = "has ended" if feed.ended else f"failed {feed.failures} times: {feed.last_error}"
        found.append((f"{feed.title or feed.url} {why}", "/feeds"))
    return found


def _build(ask: Ask) -> Response:
    edition = pipeline.draft_edition(ask.app, ask.text("newsletter"))
    ask.about = edition.key
    return ask.back(f"/editions/{edition.id}", f"{edition.key} is built.")


ROUTES = (
    Route("GET", "", EDITOR, _show),
    Route("POST", "/build", EDITOR, _build, "built an edition"),
)
