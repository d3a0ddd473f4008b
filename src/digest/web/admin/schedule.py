"""Schedule: the next slots as a calendar; a date is skipped, or not after all."""

from collections.abc import Iterator
from datetime import date, timedelta

from fastapi import Response

from digest import pipeline
from digest.model import Edition
from digest.slots import Slot
from digest.store import editions
from digest.web.admin.ask import EDITOR, Ask, Route

_WEEKS = 8
Entry = tuple[str, Slot, str, Edition | None]  #: newsletter, slot, note, edition


def _show(ask: Ask) -> Response:
    app = ask.app
    with app.database.reading() as tx:
        known = {(each.newsletter, each.slot_on): each for each in editions.every(tx, 100)}
    today = app.now().astimezone(app.settings.zone).date()
    entries: dict[date, list[Entry]] = {}
    for slug, slot, _, note in pipeline.upcoming(app, _WEEKS * 7):
        there = known.pop((slug, slot.on), None)
        entries.setdefault(slot.on, []).append((slug, slot, note, there))
    for (slug, on), edition in known.items():
        entries.setdefault(on, []).append((slug, Slot(on, edition.slot_at), "", edition))
    weeks = list(_weeks(today))
    return ask.page("admin/schedule.html", weeks=weeks, entries=entries, today=today)


def _weeks(today: date) -> Iterator[list[date]]:
    """Yield the weeks to show, from the last one on, each from Monday."""
    monday = today - timedelta(days=today.weekday() + 7)
    for week in range(_WEEKS):
        yield [monday + timedelta(days=7 * week + day) for day in range(7)]


def _skip(ask: Ask) -> Response:
    reason = f"skipped by {ask.by}" + (f": {ask.text('reason')}" if ask.text("reason") else "")
    made = pipeline.skip_slot(ask.app, ask.path("key"), reason)
    ask.about = made.key
    return ask.back("/schedule", f"{made.key} is left out.")


def _undo(ask: Ask) -> Response:
    made = pipeline.undo_skip(ask.app, pipeline.find_edition(ask.app, ask.path("key")))
    ask.about = made.key
    return ask.back("/schedule", f"{made.key} is {made.state.value} again.")


ROUTES = (
    Route("GET", "/schedule", EDITOR, _show),
    Route("POST", "/schedule/{key}/skip", EDITOR, _skip, "skipped a slot"),
    Route("POST", "/schedule/{key}/undo", EDITOR, _undo, "took a skipped slot back"),
)
