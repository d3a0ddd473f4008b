"""The next slots, as people read them and as their calendars do."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice, takewhile

from icalendar import Calendar, Event

from digest.app import App
from digest.errors import StoreError
from digest.model import EditionState, Past
from digest.pipeline.facts import known
from digest.slots import Slot, slots_from

_MINUTES = timedelta(minutes=15)  #: what an edition takes in a calendar
Upcoming = tuple[str, Slot, str, str]


def upcoming(app: App, count: int, until: datetime | None = None) -> list[Upcoming]:
    """Return the next slots of each newsletter: slug, slot, local time, note.

    At most `count`; with `until`, all up to then.
    """
    past = _known(app)
    found = []
    for slug in app.settings.newsletters:
        slots = _slots(app, slug)
        wanted = takewhile(lambda s: s.at < until, slots) if until else islice(slots, count)
        for slot in wanted:
            local = f"{slot.at.astimezone(app.settings.zone):%a %Y-%m-%d %H:%M}"
            found.append((slug, slot, local, _note(app, slug, slot, past)))
    return found


def year(app: App) -> bytes:
    """Return the slots of the next year as iCalendar (RFC 5545)."""
    calendar = Calendar()
    calendar.add("prodid", "-//digest//schedule//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", app.settings.publication.name)
    host = app.settings.web.base_url.partition("//")[2]
    for slug, slot, _, note in upcoming(app, 0, app.now() + timedelta(days=365)):
        event = Event()
        event.add("uid", f"{slug}@{slot.on.isoformat()}.{host}")
        event.add("dtstamp", app.now())
        event.add("dtstart", slot.at)
        event.add("duration", _MINUTES)
        event.add("summary", app.newsletter(slug).title)
        event.add("status", "CANCELLED" if note.startswith("skipped") else "CONFIRMED")
        if note:
            event.add("description", note)
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _known(app: App) -> dict[str, Past]:
    """Return what the database knows; nothing when there is none yet."""
    try:
        app.database.require_current()
        return known(app)
    except StoreError:
        return {}


def _note(app: App, slug: str, slot: Slot, past: dict[str, Past]) -> str:
    if slot.on in app.newsletter(slug).skip_dates:
        return "skipped by skip_dates"
    for edition in past[slug].editions if slug in past else ():
        if edition.on == slot.on and edition.state is EditionState.SKIPPED:
            return edition.reason
        if edition.on == slot.on and edition.state is EditionState.SENT:
            return "sent already"
    if app.newsletter(slug).reader_time:
        return "the first readers' time; the last follow 26 hours later"
    return slot.note


def _slots(app: App, slug: str) -> Iterator[Slot]:
    schedule = app.newsletter(slug).parsed_schedule
    return slots_from(schedule, app.settings.slot_zone(slug), app.now())
