"""The clock of `digest run`: APScheduler only ticks, the database decides which slot runs."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from apscheduler.schedulers.background import BackgroundScheduler

from digest import membership, notices, pipeline
from digest.app import App
from digest.errors import DigestError
from digest.model import Edition, EditionState
from digest.slots import Slot, last_due, next_slot
from digest.store import editions, feeds

Job = Callable[[App, threading.Event], None]
_TICK_SECONDS, _HOUR_SECONDS = 30, 3_600
_JUST_BEFORE = timedelta(minutes=5)  #: feeds read since then are fresh enough for an edition
_LONG = timedelta(days=7)  #: a feed that fails as long is worth a word
_LOOK_BACK = timedelta(days=63)  #: a monthly slot is never further away
_log = logging.getLogger("digest")


def start(app: App, stop: threading.Event) -> BackgroundScheduler:
    """Start ticking: one job for the slots, one for feeds, one that sends.

    A tick that comes late or twice does no harm: each looks at the database first.
    """
    clock = BackgroundScheduler(timezone="UTC")
    jobs = {"slots": run_due_slots, "feeds": fetch_due_feeds, "send": send_open_editions}
    jobs |= {"asks": answer_asks, "list": forget_unconfirmed}
    for name, job in jobs.items():
        clock.add_job(
            guarded,
            "interval",
            (job, app, stop),
            seconds=_HOUR_SECONDS if name == "list" else _TICK_SECONDS,
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


def answer_asks(app: App, _stop: threading.Event) -> None:
    """Answer wishes from forms that wait: the relay was away, or there are too many at once."""
    done = membership.answer_asks(app)
    if done.problem:
        _log.warning("forms are not answered: %s", done.problem)
    elif done.waiting:
        _log.warning("%d wishes from forms wait: more than an hour may answer", done.waiting)


def forget_unconfirmed(app: App, _stop: threading.Event) -> None:
    """Forget who was asked a week ago whether they want a newsletter, and gave no word."""
    if forgotten := membership.forget_unconfirmed(app):
        _log.info("%d did not confirm and are forgotten", forgotten)


def fetch_due_feeds(app: App, _stop: threading.Event) -> None:
    """Read the feeds that are due; tell once of each that has failed for a week."""
    _say_fetched(pipeline.fetch_feeds(app))
    with app.database.reading() as tx:
        failing = feeds.long_failing(tx, app.now() - _LONG)
    for feed in failing:
        notices.tell_feed(app, feed)
        with app.database.transaction() as tx:
            feeds.update(tx, feed.id, told=True)


def _say_fetched(fetched: list[pipeline.Gathered]) -> None:
    for done in fetched:
        stored = done.stored
        if done.error:
            _log.warning("feed %s: %s", done.name, done.error)
        elif stored.new or stored.updated or "could not be read" in done.note:
            words = done.note or f"{stored.new} new, {stored.updated} updated"
            _log.info("feed %s: %s", done.name, words)


def run_due_slots(app: App, stop: threading.Event) -> None:
    """See to each newsletter: draft ahead, what is approved, the newest due slot.

    One newsletter's trouble does not keep another from its slot. Locked on a copy.
    """
    app.require_unlocked()
    for slug in app.settings.newsletters:
        for step in (_refresh_ahead, _draft_ahead, _queue_approved, _run_due_slot):
            guarded(lambda app, _stop, step=step, slug=slug: step(app, slug), app, stop)  # type: ignore[misc]


def _refresh_ahead(app: App, slug: str) -> None:
    """Read the feeds once more in the last minutes before a slot: counts after it come too late."""
    slot = next_slot(app.newsletter(slug).parsed_schedule, app.settings.zone, app.now())
    if slot.at - app.now() <= _JUST_BEFORE and slot.on not in app.newsletter(slug).skip_dates:
        _refresh(app, slug, slot, slot.at - _JUST_BEFORE)


def _refresh(app: App, slug: str, slot: Slot, since: datetime) -> None:
    """Read the feeds not read since then; a failure never stops an edition."""
    start = slot.at - app.newsletter(slug).window
    try:
        _say_fetched(pipeline.refresh(app, since, window_start=start, within=_JUST_BEFORE / 5))
    except DigestError as error:
        _log.error("%s", error)


def _check(app: App, slug: str, slot: Slot) -> None:
    """Leave out what was unpublished; a failure never stops an edition."""
    try:
        for article in pipeline.drop_unpublished(app, slug, slot):
            _log.info("unpublished: %s", article.url)
    except DigestError as error:
        _log.error("%s", error)


def _draft_ahead(app: App, slug: str) -> None:
    """With approval required, build the next slot's draft ahead and tell the people who approve."""
    newsletter, now = app.newsletter(slug), app.now()
    slot = next_slot(newsletter.parsed_schedule, app.settings.zone, now)
    early = slot.at - now > newsletter.draft_lead
    if newsletter.approval == "automatic" or early or slot.on in newsletter.skip_dates:
        return
    with app.database.reading() as tx:
        if editions.at_slot(tx, slug, slot.on) is not None:
            return
    _refresh(app, slug, slot, now - _JUST_BEFORE)
    _check(app, slug, slot)
    edition = pipeline.draft_edition(app, slug, slot)
    if edition.state is EditionState.HELD:
        _thin(app, edition)
        return
    before = f"{slot.at.astimezone(app.settings.zone):%Y-%m-%d %H:%M} {app.settings.zone.key}"
    why = (
        f"Look at it with `digest preview {edition.key}`, then run "
        f"`digest editions approve {edition.key}` before {before}."
    )
    notices.tell(app, edition, "is ready to be approved", why)


def _queue_approved(app: App, slug: str) -> None:
    """Queue what is approved and due; hold what was approved in time but is too late now."""
    newsletter, now = app.newsletter(slug), app.now()
    with app.database.reading() as tx:
        approved = [e for e in editions.in_state(tx, [EditionState.APPROVED]) if e.slot_at <= now]
        late = {e.id: editions.changed_at(tx, e.id) < e.slot_at for e in approved}
    for edition in approved:
        if edition.newsletter != slug:
            continue
        if late[edition.id] and now - edition.slot_at > newsletter.catch_up:
            _hold(app, edition, "the program was not running at its time; send it by hand")
        else:
            _queue(app, edition)


def _run_due_slot(app: App, slug: str) -> None:
    """Build, look over and queue the newest due slot, once; too late means missed."""
    slot = _due(app, slug)
    if slot is None:
        return
    with app.database.reading() as tx:
        existing = editions.at_slot(tx, slug, slot.on)
    if existing is not None and existing.state is not EditionState.DRAFT:
        return
    if app.now() - slot.at > app.newsletter(slug).catch_up:
        _miss(app, existing or pipeline.draft_edition(app, slug, slot))
    elif app.newsletter(slug).approval == "required":
        edition = existing or pipeline.draft_edition(app, slug, slot)
        _hold(app, edition, "nobody approved it in time")
    else:
        _build_and_queue(app, slug, slot)


def _due(app: App, slug: str) -> Slot | None:
    """Return the newest due slot that is no skipped date, if any.

    Slots from before the newsletter had this schedule are nobody's fault.
    """
    newsletter, now, zone = app.newsletter(slug), app.now(), app.settings.zone
    slot = last_due(newsletter.parsed_schedule, zone, now, _LOOK_BACK)
    with app.database.transaction() as tx:
        since = editions.scheduled_since(tx, slug, f"{newsletter.schedule} {zone.key}", now)
    if slot is None or slot.at < since or slot.on in newsletter.skip_dates:
        return None
    return slot


def _build_and_queue(app: App, slug: str, slot: Slot) -> None:
    _refresh(app, slug, slot, slot.at - _JUST_BEFORE)
    _check(app, slug, slot)
    edition = pipeline.draft_edition(app, slug, slot)
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
    if grown := pipeline.growth(app, edition):
        how = f"`digest send {edition.key} --allow-growth` sends it all the same"
        _hold(app, edition, f"{grown}; {how}")
        return
    sending = pipeline.queue_edition(app, edition)
    _log.info("%s: queued", sending.key)


def _thin(app: App, edition: Edition) -> None:
    if app.newsletter(edition.newsletter).thin_week == "skip":
        skipped = pipeline.move_edition(app, edition, EditionState.SKIPPED, edition.reason)
        notices.tell(app, skipped, "was skipped", edition.reason)
    else:
        notices.tell(app, edition, "is held", edition.reason)


def _hold(app: App, edition: Edition, reason: str) -> None:
    held = pipeline.move_edition(app, edition, EditionState.HELD, reason)
    notices.tell(app, held, "is held", reason)


def _miss(app: App, edition: Edition) -> None:
    missed = pipeline.move_edition(app, edition, EditionState.MISSED, "nothing ran at its time")
    notices.tell(app, missed, "was missed", "The program was not running at that time.")


def send_open_editions(app: App, stop: threading.Event) -> None:
    """Send what is due of every edition that is going out; continue after a restart."""
    with app.database.reading() as tx:
        going = editions.in_state(tx, [EditionState.SENDING])
    for edition in going:
        guarded(partial(_send, edition), app, stop)


def _send(edition: Edition, app: App, stop: threading.Event) -> None:
    drained = pipeline.drain_outbox(app, edition, stop=stop)
    if drained.lasting:
        why = f"{drained.problem}. Mend it, then run `digest editions resume {edition.key}`."
        notices.tell(app, drained.edition, "is paused", why)
    elif drained.problem:
        _log.error("%s: %s", edition.key, drained.problem)
    if drained.finished:
        numbers = drained.numbers
        _log.info("%s: sent to %d of %d", edition.key, numbers.sent, numbers.frozen)
