"""The next slots, as people read them."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

from digest.app import App
from digest.slots import Slot, next_slot


def upcoming(app: App, count: int) -> list[tuple[str, Slot, str, str]]:
    """Return the next `count` slots of each newsletter: slug, slot, local time, note."""
    zone = app.settings.zone
    found = []
    for slug, newsletter in app.settings.newsletters.items():
        for slot in islice(_slots(app, slug), count):
            skipped = "skipped by skip_dates" if slot.on in newsletter.skip_dates else slot.note
            found.append((slug, slot, f"{slot.at.astimezone(zone):%a %Y-%m-%d %H:%M}", skipped))
    return found


def _slots(app: App, slug: str) -> Iterator[Slot]:
    schedule, moment = app.newsletter(slug).parsed_schedule, app.now()
    while True:
        slot = next_slot(schedule, app.settings.zone, moment)
        yield slot
        moment = slot.at + timedelta(seconds=1)
