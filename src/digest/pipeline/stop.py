"""A slot is skipped; an edition is paused, goes on, or is called back."""

from dataclasses import replace
from datetime import date, datetime

from digest.app import App
from digest.errors import NotFound, WrongState
from digest.model import GOING, Edition, EditionState
from digest.pipeline.edit import draft_edition, find_edition
from digest.slots import Slot, slot_on
from digest.store import Transaction, editions, outbox


def cancel_edition(app: App, edition: Edition, reason: str) -> Edition:
    """Call an edition back: no new message starts; its stories are free again (P4, P10).

    Before any row was handed to a server it becomes a draft again, held when its slot is over
    so that it does not go out by itself; after that it is closed for good.
    """
    now = app.now()
    if edition.state not in GOING:
        raise WrongState(f"{edition.key} is {edition.state.value}; there is nothing to call back")
    with app.database.transaction() as tx:
        if not outbox.take_back(tx, edition.id):
            outbox.cancel(tx, edition.id, now, reason)
            return editions.move(tx, edition, EditionState.CANCELLED, now, reason=reason)
        over = edition.slot_at <= now
        to = EditionState.HELD if over else EditionState.DRAFT
        return editions.move(tx, edition, to, now, reason=reason if over else "", sha256="")


def pause_edition(app: App, edition: Edition, reason: str) -> Edition:
    """Let no new message of an edition start; a running sender sees it at its next one (P6)."""
    if edition.state is not EditionState.SENDING:
        raise WrongState(f"{edition.key} is {edition.state.value}, not sending")
    with app.database.transaction() as tx:
        return pause(tx, edition, reason, app.now())


def hold_edition(app: App, edition: Edition, reason: str) -> Edition:
    """Keep an edition that would go out by itself from it: pause it, or hold it before it began."""
    if edition.state is EditionState.SENDING:
        return pause_edition(app, edition, reason)
    with app.database.transaction() as tx:
        return editions.move(tx, edition, EditionState.HELD, app.now(), reason=reason)


def pause(tx: Transaction, edition: Edition, reason: str, now: datetime) -> Edition:
    """Pause an edition; what was claimed is queued again, so its fences fail."""
    paused = editions.move(tx, edition, EditionState.PAUSED, now, reason=reason)
    outbox.unclaim(tx, edition.id)
    return paused


def resume_edition(app: App, edition: Edition) -> Edition:
    """Let a paused edition go on where it was."""
    if edition.state is not EditionState.PAUSED:
        raise WrongState(f"{edition.key} is {edition.state.value}, not paused")
    with app.database.transaction() as tx:
        return editions.move(tx, edition, EditionState.SENDING, app.now())


def skip_slot(app: App, name: str, reason: str) -> Edition:
    """Record that a slot has no edition; one that is built already is left out."""
    try:
        edition = find_edition(app, name)
    except NotFound:
        edition = _empty(app, *_slot_called(app, name))
        with app.database.transaction() as tx:
            edition = editions.save(tx, edition, app.now())
    if edition.state not in editions.OPEN_STATES:
        raise WrongState(f"{edition.key} is {edition.state.value}; only a draft can be skipped")
    with app.database.transaction() as tx:
        return editions.move(tx, edition, EditionState.SKIPPED, app.now(), reason=reason)


def undo_skip(app: App, edition: Edition) -> Edition:
    """Build the draft of a skipped slot after all; one whose time is over is held."""
    if edition.state is not EditionState.SKIPPED:
        raise WrongState(f"{edition.key} is {edition.state.value}, not skipped")
    over = edition.slot_at <= app.now()
    with app.database.transaction() as tx:
        to = EditionState.HELD if over else EditionState.DRAFT
        back = editions.move(tx, edition, to, app.now(), reason="it was skipped" if over else "")
    return back if over else draft_edition(app, back.newsletter, Slot(back.slot_on, back.slot_at))


def record_slot(app: App, slug: str, slot: Slot, state: EditionState, reason: str) -> Edition:
    """Record what became of a slot, in place of a draft if there is one."""
    now = app.now()
    with app.database.transaction() as tx:
        there = editions.at_slot(tx, slug, slot.on)
        if there is None:
            made = _empty(app, slug, slot)
            return editions.save(tx, replace(made, state=state, reason=reason), now)
        if there.state not in editions.OPEN_STATES:
            raise WrongState(f"{there.key} is {there.state.value} already")
        return editions.move(tx, there, state, now, reason=reason)


def _empty(app: App, slug: str, slot: Slot) -> Edition:
    """Return an edition without stories."""
    newsletter = app.newsletter(slug)
    start = slot.at - newsletter.window
    return Edition(slug, slot.on, slot.at, start, slot.at, newsletter.title)


def _slot_called(app: App, name: str) -> tuple[str, Slot]:
    """Return the newsletter and the slot of a name such as weekly@2026-11-23."""
    slug, _, day = name.partition("@")
    newsletter = app.newsletter(slug)
    try:
        on = date.fromisoformat(day)
    except ValueError as error:
        raise NotFound(f"{name!r} is no slot; write one as {slug}@2026-11-23") from error
    if not newsletter.parsed_schedule.falls_on(on):
        raise NotFound(f"{slug} has no slot on {on}; `digest schedule` shows the next ones")
    return slug, slot_on(newsletter.parsed_schedule, app.settings.slot_zone(slug), on)
