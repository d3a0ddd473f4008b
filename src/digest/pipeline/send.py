"""An approved edition is queued and every reader gets it, through the ledger."""

import secrets
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta

from digest.app import App
from digest.deliver.head import Recipient
from digest.deliver.message import Compiled, build, compile_message
from digest.errors import WrongState
from digest.model import Edition, EditionState, Numbers
from digest.pipeline.audience import audience_of, readers
from digest.pipeline.drain import Run, start, work
from digest.pipeline.edit import Proof
from digest.pipeline.readers_time import wait_for_readers
from digest.pipeline.results import read_back
from digest.pipeline.stop import pause
from digest.pipeline.variants import (
    chooser,
    compiled_variants,
    frozen_variants,
    nearest_of,
    sha256_of,
)
from digest.store import editions, outbox
from digest.store import variants as shares
from digest.store.flight import bring_home

_RESEND_AFTER = timedelta(minutes=10)
_MANY, _SURPRISE = 200, 1.5  #: readers, and how often those of the last edition
_TEST_TOKEN = "T" * 32


@dataclass(frozen=True, slots=True)
class Drained:
    """How far a drain came."""

    edition: Edition
    numbers: Numbers
    problem: str = ""  #: why nothing can be sent, if so
    lasting: bool = False  #: a person must mend it; the edition is paused

    @property
    def finished(self) -> bool:
        """Say whether every row is settled."""
        return self.edition.state is EditionState.SENT


def growth(
    app: App, edition: Edition, audience: str | None = None, found: int | None = None
) -> str:
    """Return in words that an edition has surprisingly many readers; "" when it has not.

    That is more than 200, and more than 1.5 times as many as the newsletter's last edition.
    `found` is how many there are, for who has counted them.
    """
    found = readers(app, edition, audience) if found is None else found
    with app.database.reading() as tx:
        before = editions.last_frozen(tx, edition)
    if not before or found <= _MANY or found <= _SURPRISE * before:
        return ""
    return f"it has {found:,} readers, the last edition had {before:,}"


def queue_edition(app: App, edition: Edition) -> Edition:
    """Freeze the readers: one row for each active, unsuppressed subscriber, in one transaction."""
    if edition.state is not EditionState.APPROVED:
        raise WrongState(f"{edition.key} is {edition.state.value}, not approved")
    app.require_unlocked()
    now, variants = app.now(), frozen_variants(app, edition)[0]
    number_of = nearest_of(chooser(app, edition), variants)
    with app.database.transaction() as tx:
        filling = editions.move(tx, edition, EditionState.FILLING, now)
        outbox.fill(tx, filling, audience_of(app, filling.audience))
        if len(variants) > 1:
            shares.assign(tx, edition.id, number_of)
        wait_for_readers(app, tx, filling)
        return editions.move(tx, filling, EditionState.SENDING, now)


def drain_outbox(
    app: App,
    edition: Edition,
    on_progress: Callable[[Numbers], None] | None = None,
    stop: threading.Event | None = None,
) -> Drained:
    """Send what is due of an edition over the configured connections, until none is left.

    `stop` ends it early: no new claim, open connections finish their message.
    """
    if edition.state is not EditionState.SENDING:
        raise WrongState(f"{edition.key} is {edition.state.value}, not sending")
    app.require_unlocked()
    bring_home(app.database)
    read_back(app)
    _settle_doubts(app, edition)
    compiled = _compiled(app, edition)
    stopped = stop or threading.Event()
    while True:
        run = start(app, edition, compiled, stopped, on_progress)
        work(run)
        if not run.void or run.problem or stopped.is_set():
            return _finish(run)


def _compiled(app: App, edition: Edition) -> list[Compiled]:
    """Return the approved messages; WrongState when their bytes are not those approved."""
    variants, head = frozen_variants(app, edition)
    if head is None:
        raise WrongState(f"{edition.key} has no approved bytes")
    if head.key_id not in app.keys.secrets:
        raise WrongState(f"{edition.key}: the key {head.key_id!r} that signs its links is gone")
    compiled = compiled_variants(variants, head)
    if sha256_of(compiled) != edition.sha256:
        raise WrongState(
            f"{edition.key}: this version of the program would send other bytes than were "
            "approved; cancel it, or go on with the version that approved it"
        )
    return compiled


def _settle_doubts(app: App, edition: Edition) -> None:
    """Name the rows a dead process left in doubt; send them again if that is the policy."""
    now = app.now()
    with app.database.transaction() as tx:
        outbox.find_uncertain(tx, edition.id, now)
        if app.settings.mail.on_uncertain == "resend":
            outbox.resend_uncertain(tx, edition.id, now - _RESEND_AFTER)


def _finish(run: Run) -> Drained:
    app, edition = run.app, run.edition
    with app.database.transaction() as tx:
        editions.hold(tx, edition.id)
        current = editions.find(tx, str(edition.id))
        if current.state is EditionState.CANCELLED:  # what came back from a server meanwhile
            outbox.cancel(tx, edition.id, app.now(), current.reason)
        if run.lasting and current.state is EditionState.SENDING:
            outbox.requeue(tx, [delivery.id for delivery, _ in run.refusals])
            current = pause(tx, current, run.problem, app.now())
        numbers = outbox.numbers(tx, edition.id)
        again = app.settings.mail.on_uncertain == "resend" and outbox.resendable(tx, edition.id)
        if numbers.open == 0 and not again and current.state is EditionState.SENDING:
            current = editions.move(tx, current, EditionState.SENT, app.now())
    return Drained(current, numbers, run.problem, run.lasting)


def test_send(app: App, looked: Proof, addresses: Sequence[str]) -> None:
    """Send a proof to a few addresses, outside the ledger; its unsubscribe link does nothing."""
    if looked.rendered is None:
        raise WrongState(f"{looked.edition.key} cannot be rendered: {looked.findings[0].message}")
    compiled = compile_message(looked.rendered, looked.head)
    with closing(app.open_transport()) as transport:
        for address in addresses:
            name = f"test.{secrets.token_hex(8)}"
            transport.send(build(compiled, Recipient(address, _TEST_TOKEN, 0, app.now(), name)))
