"""Placements: sponsors' texts, when they run, and those that are over."""

from datetime import date

from fastapi import Response

from digest import pipeline
from digest.errors import WrongState
from digest.store import placements
from digest.web.admin.ask import EDITOR, Ask, Route

_TEXTS = ("sponsor", "title", "text", "url", "button", "newsletter")


def _list(ask: Ask) -> Response:
    today = ask.app.now().astimezone(ask.app.settings.zone).date()
    with ask.app.database.reading() as tx:
        every = placements.every(tx)
    over = [p for p in every if p.ends_on and p.ends_on < today]
    here = [p for p in every if p not in over]
    newsletters = ask.app.settings.newsletters
    return ask.page(
        "admin/placements.html", here=here, over=over[::-1][:50], newsletters=newsletters
    )


def _add(ask: Ask) -> Response:
    values: dict[str, object] = {name: ask.text(name) for name in _TEXTS}
    values |= {name: _day(ask.text(name)) for name in ("starts_on", "ends_on")}
    number = pipeline.add_placement(ask.app, values)
    ask.about = f"{number}: {ask.text('sponsor')[:60]}"
    return ask.back("/placements", "Added. Editions built from now on show it.")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise WrongState(f"{text!r} is not a day such as 2026-11-23") from error


def _remove(ask: Ask) -> Response:
    number = ask.number("number")
    with ask.app.database.transaction() as tx:
        placements.remove(tx, number)
    ask.about = str(number)
    return ask.back("/placements", "Removed. Editions that are built already keep it.")


ROUTES = (
    Route("GET", "/placements", EDITOR, _list),
    Route("POST", "/placements", EDITOR, _add, "added a placement"),
    Route("POST", "/placements/{number}/remove", EDITOR, _remove, "removed a placement"),
)
