"""Send each reader an edition when the schedule's wall time comes where they live."""

from zoneinfo import ZoneInfo, available_timezones

from digest.app import App
from digest.model import Edition
from digest.slots import slot_on
from digest.store import Transaction, local_time


def wait_for_readers(app: App, tx: Transaction, edition: Edition) -> None:
    """Let each new delivery wait for its reader's instant, if the newsletter wants it so.

    Who has no zone lives in the publication's. What is past is due at once.
    """
    newsletter = app.settings.newsletters.get(edition.newsletter)
    if newsletter is None or not newsletter.reader_time:
        return
    known, now = available_timezones(), app.now()
    for name in local_time.zones(tx, edition.id):
        zone = ZoneInfo(name) if name in known else app.settings.zone
        at = slot_on(newsletter.parsed_schedule, zone, edition.slot_on).at
        if at > now:
            local_time.wait(tx, edition.id, name, at)
