"""The clock of `digest run`: APScheduler only ticks, the database decides which slot runs."""

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType

from apscheduler.schedulers.background import BackgroundScheduler

from digest import membership, notices, pipeline, rhythm
from digest.app import App
from digest.errors import DigestError, WrongState
from digest.model import Edition, EditionState, Past
from digest.rhythm import JUST_BEFORE, Do, Step
from digest.store import editions, feeds
from digest.store.notices import Notice

Job = Callable[[App, threading.Event], None]
_TICK_SECONDS, _HOUR_SECONDS = 30, 3_600
_LONG = timedelta(days=7)  #: a feed that fails as long is worth a word
_log = logging.getLogger("digest")


def start(app: App, stop: threading.Event) -> BackgroundScheduler:
    """Start ticking: jobs for the slots, for feeds, for notices that wait, and one that sends.

    A tick that comes late or twice does no harm: each looks at the database first.
    """
    clock = BackgroundScheduler(timezone="UTC")
    jobs = {"slots": run_due_slots, "feeds": fetch_due_feeds, "send": send_open_editions}
    jobs |= {"asks": answer_asks, "list": forget_unconfirmed, "notices": deliver_notices}
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
        notices.tell_forms(app, done.waiting)


def forget_unconfirmed(app: App, _stop: threading.Event) -> None:
    """Forget who was asked a week ago whether they want a newsletter, and gave no word."""
    if forgotten := membership.forget_unconfirmed(app):
        _log.info("%d did not confirm and are forgotten", forgotten)


def deliver_notices(app: App, _stop: threading.Event) -> None:
    """Deliver the notices that could not be delivered at once."""
    notices.deliver(app)


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
    """See to each newsletter: draft ahead, what is approved, the newest due slot; tell people.

    One query when nothing is due. One newsletter's trouble does not keep another from its slot.
    Locked on a copy.
    """
    plans, past = rhythm.plans(app.settings), pipeline.known(app)
    steps = rhythm.decide_all(plans, past, app.now())
    if steps:
        app.require_unlocked()
        for step in steps:
            if not stop.is_set():
                _take(app, step)
        past = pipeline.known(app)
    _tell(app, past)


def _take(app: App, step: Step) -> None:
    """Do one step; what another process did meanwhile is no failure, anything else is told."""
    try:
        _ACTS[step.do](app, step)
    except DigestError as error:
        if isinstance(error, WrongState) and not _still_due(app, step):
            _log.info("%s: another process has seen to it", step.about)
            return
        line = f"{step.about} is in trouble: the step {step.do.value!r} failed"
        why = f"{error}\n\nIt is tried again every {_TICK_SECONDS} seconds."
        notices.tell(app, [Notice(step.about, f"failed to {step.do.value}", line, why)])


def _still_due(app: App, step: Step) -> bool:
    steps = rhythm.decide_all(rhythm.plans(app.settings), pipeline.known(app), app.now())
    return (step.do, step.about) in {(each.do, each.about) for each in steps}


def _observe(app: App, step: Step) -> None:
    rule = rhythm.plans(app.settings)[step.newsletter].rule
    with app.database.transaction() as tx:
        editions.scheduled_since(tx, step.newsletter, rule, app.now())


def _refresh_ahead(app: App, step: Step) -> None:
    """Read the feeds once more in the last minutes before a slot: counts after it come too late."""
    _refresh(app, step, step.slot.at - JUST_BEFORE)


def _refresh(app: App, step: Step, since: datetime) -> None:
    """Read the feeds not read since then; a failure never stops an edition."""
    start = step.slot.at - app.newsletter(step.newsletter).window
    try:
        _say_fetched(pipeline.refresh(app, since, window_start=start, within=JUST_BEFORE / 5))
    except DigestError as error:
        _log.error("%s", error)


def _draft(app: App, step: Step) -> None:
    """Build a slot's edition from what is there now."""
    _build(app, step, app.now() - JUST_BEFORE)


def _build(app: App, step: Step, fresh_since: datetime) -> Edition:
    _refresh(app, step, fresh_since)
    try:
        for article in pipeline.drop_unpublished(app, step.newsletter, step.slot):
            _log.info("unpublished: %s", article.url)
    except DigestError as error:
        _log.error("%s", error)
    known = (step.edition.state,) if step.edition else ()  # a person may have held it since
    among = {EditionState.DRAFT, *known} & set(editions.OPEN_STATES)
    edition = pipeline.draft_edition(app, step.newsletter, step.slot, tuple(among))
    _say(edition, "built", f"{len(edition.stories)} stories")
    return edition


def _run(app: App, step: Step) -> None:
    """Build the slot's edition, look it over, queue it."""
    if step.edition and step.edition.state is EditionState.MISSED:  # the clock was ahead then
        pipeline.move_edition(app, _stored(app, step), EditionState.DRAFT)
    edition = _build(app, step, step.slot.at - JUST_BEFORE)
    if edition.state is EditionState.HELD:
        if app.newsletter(step.newsletter).thin_week == "skip":
            pipeline.move_edition(app, edition, EditionState.SKIPPED, edition.reason)
        return
    try:
        approved = pipeline.approve_edition(app, edition)
    except DigestError as error:
        pipeline.move_edition(app, edition, EditionState.HELD, str(error))
        return
    _queue(app, approved)


def _stored(app: App, step: Step) -> Edition:
    return pipeline.find_edition(app, step.about)


def _queue_approved(app: App, step: Step) -> None:
    _queue(app, _stored(app, step))


def _queue(app: App, edition: Edition) -> None:
    if grown := pipeline.growth(app, edition):
        how = f"`digest send {edition.key} --allow-growth` sends it all the same"
        pipeline.move_edition(app, edition, EditionState.HELD, f"{grown}; {how}")
        return
    _say(pipeline.queue_edition(app, edition), "queued")


def _hold(app: App, step: Step) -> None:
    edition = _stored(app, step) if step.edition else _build(app, step, app.now() - JUST_BEFORE)
    if edition.state is not EditionState.HELD:
        pipeline.move_edition(app, edition, EditionState.HELD, step.reason)


def _record(app: App, step: Step) -> None:
    state = EditionState.SKIPPED if step.do is Do.SKIP else EditionState.MISSED
    pipeline.record_slot(app, step.newsletter, step.slot, state, step.reason)


_ACTS: Mapping[Do, Callable[[App, Step], None]] = MappingProxyType(
    {
        Do.OBSERVE: _observe,
        Do.REFRESH: _refresh_ahead,
        Do.DRAFT: _draft,
        Do.RUN: _run,
        Do.QUEUE: _queue_approved,
        Do.HOLD: _hold,
        Do.SKIP: _record,
        Do.MISS: _record,
    }
)


def send_open_editions(app: App, stop: threading.Event) -> None:
    """Send what is due of every edition that is going out; continue after a restart."""
    if named := pipeline.name_doubts(app):
        _log.warning("%d deliveries are in doubt: `digest deliveries uncertain EDITION`", named)
    with app.database.reading() as tx:
        going = editions.in_state(tx, [EditionState.SENDING])
    for edition in going:
        guarded(partial(_send, edition), app, stop)


def _send(edition: Edition, app: App, stop: threading.Event) -> None:
    drained = pipeline.drain_outbox(app, edition, stop=stop)
    if drained.problem:
        _log.error("%s: %s", edition.key, drained.problem)
    if drained.finished:
        numbers = drained.numbers
        _say(drained.edition, "sent", f"to {numbers.sent} of {numbers.frozen}")
    _tell(app, pipeline.known(app))


def _tell(app: App, past: Mapping[str, Past]) -> None:
    """Tell people what they were not told of yet."""
    if found := rhythm.untold(rhythm.plans(app.settings), past, app.now()):
        notices.tell(app, pipeline.notices_of(app, found))


def _say(edition: Edition, event: str, more: str = "") -> None:
    """Log one event of an edition."""
    facts = {"event": event, "about": edition.key, "state": edition.state.value}
    _log.info("%s: %s %s", edition.key, event, more, extra={"facts": facts})
