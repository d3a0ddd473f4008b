"""The clock of `digest run`: APScheduler only ticks, the database decides which slot runs."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.schedulers.background import BackgroundScheduler

from digest import notices, pipeline
from digest.app import App
from digest.errors import DigestError
from digest.model import Edition, EditionState
from digest.slots import Slot, last_due, next_slot
from digest.store import editions

Job = Callable[[App, threading.Event], None]
_TICK_SECONDS = 30
_JUST_BEFORE = timedelta(minutes=5)  #: feeds read since then are fresh enough for an edition
_LOOK_BACK = timedelta(days=63)  #: a monthly slot is never further away
_log = logging.getLogger("digest")


def start(app: App, stop: threading.Event) -> BackgroundScheduler:
    """Start ticking: one job for the slots, one for feeds, one that sends.

    A tick that comes late or twice does no harm: each looks at the database first.
    """
    clock = BackgroundScheduler(timezone="UTC")
    jobs = {"slots": run_due_slots, "feeds": fetch_due_feeds, "send": send_open_editions}
    for name, job in jobs.items():
        clock.add_job(
            guarded,
            "interval",
            (job, app, stop),
            seconds=_TICK_SECONDS,
            id=name,
            next_run_time=app.now(),
            misfire_grace_time=None,
            coalesce=True,
            max_instances=1,
        )
    clock.start()
    return clock


def guarded(job: Job, app: App, stop: threading.Event) -> None:
    """Run one job; an error a person can act on is logged, the next tick tries again."""
    if stop.is_set():
        return
    try:
        job(app, stop)
    except DigestError as error:
        _log.error("%s", error)


def fetch_due_feeds(app: App, _stop: threading.Event) -> None:
    """Read the feeds that are due."""
    _say_fetched(pipeline.fetch_feeds(app))


def _say_fetched(fetched: list[pipeline.Gathered]) -> None:
    for done in fetched:
        if done.error:
            _log.warning("feed %s: %s", done.name, done.error)
        elif done.stored.new or done.stored.updated:
            _log.info(
                "feed %s: %d new, %d updated", done.name, done.stored.new, done.stored.updated
            )


def run_due_slots(app: App, _stop: threading.Event) -> None:
    """Build, look over and queue the newest due slot of each newsletter, once."""
    for slug in app.settings.newsletters:
        _refresh_ahead(app, slug)
        _draft_ahead(app, slug)
        slot = _due(app, slug)
        if slot is not None:
            _run_slot(app, slug, slot)


def _due(app: App, slug: str) -> Slot | None:
    """Return the newest due slot that is not settled and not a skipped date, if any."""
    newsletter, now = app.newsletter(slug), app.now()
    zone = ZoneInfo(app.settings.publication.timezone)
    slot = last_due(newsletter.parsed_schedule, zone, now, _LOOK_BACK)
    with app.database.transaction() as tx:
        since = editions.scheduled_since(tx, slug, now)
        if slot is None or slot.at < since or slot.on in newsletter.skip_dates:
            return None
        existing = editions.at_slot(tx, slug, slot.on)
    ready = (EditionState.DRAFT, EditionState.APPROVED)
    return slot if existing is None or existing.state in ready else None


def _refresh_ahead(app: App, slug: str) -> None:
    """Read the feeds once more in the last minutes before a slot: counts after it come too late."""
    zone = ZoneInfo(app.settings.publication.timezone)
    slot = next_slot(app.newsletter(slug).parsed_schedule, zone, app.now())
    if slot.at - app.now() <= _JUST_BEFORE and slot.on not in app.newsletter(slug).skip_dates:
        _refresh(app, slot.at - _JUST_BEFORE)


def _refresh(app: App, since: datetime) -> None:
    """Read the feeds not read since then; a failure never stops an edition."""
    try:
        _say_fetched(pipeline.refresh(app, since, within=_JUST_BEFORE / 5))
    except DigestError as error:
        _log.error("%s", error)


def _check(app: App, slug: str, at: datetime | None = None) -> None:
    """Leave out what was unpublished; a failure never stops an edition."""
    try:
        for article in pipeline.drop_unpublished(app, slug, at):
            _log.info("unpublished: %s", article.url)
    except DigestError as error:
        _log.error("%s", error)


def _draft_ahead(app: App, slug: str) -> None:
    """With approval required, build the next slot's draft ahead and tell the people who approve."""
    newsletter, now = app.newsletter(slug), app.now()
    zone = ZoneInfo(app.settings.publication.timezone)
    slot = next_slot(newsletter.parsed_schedule, zone, now)
    early = slot.at - now > newsletter.draft_lead
    if newsletter.approval == "automatic" or early or slot.on in newsletter.skip_dates:
        return
    with app.database.reading() as tx:
        if editions.at_slot(tx, slug, slot.on) is not None:
            return
    _refresh(app, now - _JUST_BEFORE)
    _check(app, slug)
    edition = pipeline.draft_edition(app, slug)
    line = f"digest editions approve {edition.key}"
    notices.tell(
        app,
        edition,
        "is ready to be approved",
        f"Look at it with `digest preview "
        f"{edition.key}`, then run `{line}` before {slot.at:%Y-%m-%d %H:%M} UTC.",
    )


def _run_slot(app: App, slug: str, slot: Slot) -> None:
    newsletter = app.newsletter(slug)
    with app.database.reading() as tx:
        existing = editions.at_slot(tx, slug, slot.on)
    if existing is None and app.now() - slot.at > newsletter.catch_up:
        _record_missed(app, slug, slot)
    elif existing is not None and existing.state is EditionState.APPROVED:
        _queue(app, existing)
    elif newsletter.approval == "required":
        edition = existing or pipeline.draft_edition(app, slug, slot.at)
        _hold(app, edition, "nobody approved it in time")
    else:
        _build_and_queue(app, slug, slot)


def _record_missed(app: App, slug: str, slot: Slot) -> None:
    edition = pipeline.compose_next(app, slug, slot.at)
    with app.database.transaction() as tx:
        stored = editions.save(tx, edition, app.now())
        missed = editions.move(
            tx, stored, EditionState.MISSED, app.now(), reason="nothing ran then"
        )
    notices.tell(app, missed, "was missed", "The program was not running at that time.")


def _build_and_queue(app: App, slug: str, slot: Slot) -> None:
    _refresh(app, slot.at - _JUST_BEFORE)
    _check(app, slug, slot.at)
    edition = pipeline.draft_edition(app, slug, slot.at)
    if edition.state is EditionState.HELD:
        _thin(app, edition)
        return
    try:
        approved = pipeline.approve_edition(app, edition)
    except DigestError as error:
        _hold(app, edition, str(error))
        return
    _queue(app, approved)


def _queue(app: App, edition: Edition) -> None:
    sending = pipeline.queue_edition(app, edition)
    _log.info("%s: queued", sending.key)


def _thin(app: App, edition: Edition) -> None:
    if app.newsletter(edition.newsletter).thin_week == "skip":
        with app.database.transaction() as tx:
            edition = editions.move(
                tx, edition, EditionState.SKIPPED, app.now(), reason=edition.reason
            )
        notices.tell(app, edition, "was skipped", edition.reason)
    else:
        notices.tell(app, edition, "is held", edition.reason)


def _hold(app: App, edition: Edition, reason: str) -> None:
    held = pipeline.hold(app, edition, reason)
    notices.tell(app, held, "is held", reason)


def send_open_editions(app: App, stop: threading.Event) -> None:
    """Send what is due of every edition that is going out; continue after a restart."""
    with app.database.reading() as tx:
        going = editions.in_state(tx, [EditionState.SENDING])
    for edition in going:
        drained = pipeline.drain_outbox(app, edition, stop=stop)
        if drained.problem:
            _log.error("%s: %s", edition.key, drained.problem)
        if drained.finished:
            _log.info("%s: sent, %s", edition.key, drained.numbers)
