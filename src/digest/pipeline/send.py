"""An approved edition is queued and every reader gets it, through the ledger."""

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta

from digest.app import App
from digest.audience.tokens import UNSUBSCRIBE, make_token
from digest.deliver.head import Recipient
from digest.deliver.message import Compiled, build, compile_message
from digest.deliver.pacing import GIVE_UP_AFTER, parse_rate, retry_after
from digest.deliver.transports.base import Transport
from digest.errors import DeliveryError, RenderError, StoreError, TransportDown, WrongState
from digest.model import Delivery, DeliveryState, Edition, EditionState, Numbers
from digest.pipeline.edit import Proof, frozen_bytes
from digest.store import editions, outbox

_BATCH = 20  #: rows one connection claims at a time
_RESEND_AFTER = timedelta(minutes=10)
_KEEP_TRYING = 600.0  #: seconds a result is offered to a database that is away
_TEST_TOKEN = "T" * 32


@dataclass(frozen=True, slots=True)
class Drained:
    """How far a drain came."""

    edition: Edition
    numbers: Numbers
    problem: str = ""  #: why nothing can be sent, if so
    refused_login: bool = False  #: trying again will not help

    @property
    def finished(self) -> bool:
        """Say whether every row is settled."""
        return self.edition.state is EditionState.SENT


def queue_edition(app: App, edition: Edition) -> Edition:
    """Freeze the readers: one row for each active, unsuppressed subscriber, in one transaction."""
    now = app.now()
    with app.database.transaction() as tx:
        filling = editions.move(tx, edition, EditionState.FILLING, now)
        outbox.fill(tx, filling)
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
    _settle_doubts(app, edition)
    run = _Run(app, edition, _compiled(app, edition), stop or threading.Event(), on_progress)
    connections = app.settings.mail.connections
    with ThreadPoolExecutor(connections) as pool:
        for worker in [pool.submit(_work, run) for _ in range(connections)]:
            worker.result()
    return _finish(run)


def _compiled(app: App, edition: Edition) -> Compiled:
    """Return the approved message; WrongState when its bytes are not those that were approved."""
    frozen = frozen_bytes(app, edition)
    if frozen is None:
        raise WrongState(f"{edition.key} has no approved bytes")
    compiled = compile_message(*frozen)
    if compiled.sha256 != edition.sha256:
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


def _finish(run: "_Run") -> Drained:
    app, edition = run.app, run.edition
    with app.database.transaction() as tx:
        current = editions.find(tx, str(edition.id))
        if current.state is EditionState.CANCELLED:  # what came back from a server meanwhile
            outbox.cancel(tx, edition.id, app.now(), current.reason)
        numbers = outbox.numbers(tx, edition.id)
        again = app.settings.mail.on_uncertain == "resend" and outbox.resendable(tx, edition.id)
        if numbers.open == 0 and not again and current.state is EditionState.SENDING:
            current = editions.move(tx, current, EditionState.SENT, app.now())
    return Drained(current, numbers, run.problem, run.refused_login)


@dataclass
class _Run:
    """One drain: what its connections share."""

    app: App
    edition: Edition
    compiled: Compiled
    stopped: threading.Event  #: the caller's: it ends more than this drain
    on_progress: Callable[[Numbers], None] | None
    problem: str = ""
    refused_login: bool = False
    dead: threading.Event = field(default_factory=threading.Event)  #: nothing can be sent
    lock: threading.Lock = field(default_factory=threading.Lock)
    next_start: float = 0.0
    next_word: float = 0.0

    @property
    def over(self) -> bool:
        """Say whether no new message may start."""
        return self.stopped.is_set() or self.dead.is_set()

    def wait_turn(self) -> None:
        """Keep the configured rate over all connections."""
        spacing = parse_rate(self.app.settings.mail.rate)
        if not spacing:
            return
        with self.lock:
            start = max(self.next_start, time.monotonic())
            self.next_start = start + spacing
        while not self.over and (left := start - time.monotonic()) > 0:
            self.stopped.wait(min(left, 0.2))

    def give_up(self, error: TransportDown) -> None:
        """Remember why nothing can be sent and stop the other connections."""
        with self.lock:
            self.problem = self.problem or str(error)
            self.refused_login = self.refused_login or error.refused_login
        self.dead.set()

    def say(self) -> None:
        """Tell how far it is, at most once a second."""
        with self.lock:
            if self.on_progress is None or time.monotonic() < self.next_word:
                return
            self.next_word = time.monotonic() + 1
        with self.app.database.reading() as tx:
            self.on_progress(outbox.numbers(tx, self.edition.id))


def _work(run: _Run) -> None:
    """Serve the outbox over one connection until it is empty, stopped, or the server is gone."""
    token = secrets.token_hex(8)
    with closing(run.app.open_transport()) as transport:
        while not run.over:
            with run.app.database.transaction() as tx:
                claimed = outbox.claim(tx, run.edition.id, token, _batch(run.app), run.app.now())
            if not claimed:
                return
            _send_batch(run, transport, claimed, token)


def _batch(app: App) -> int:
    """Return how many rows to claim: no more than the rate lets through before claims lapse."""
    spacing = parse_rate(app.settings.mail.rate) * app.settings.mail.connections
    return max(1, min(_BATCH, int(outbox.CLAIM_SECONDS / 2 / spacing))) if spacing else _BATCH


def _send_batch(run: _Run, transport: Transport, claimed: Sequence[Delivery], token: str) -> None:
    for position, delivery in enumerate(claimed):
        run.wait_turn()
        if run.over:
            _release(run, claimed[position:], token)
            break
        _send_one(run, transport, delivery, token)
    run.say()


def _release(run: _Run, rest: Sequence[Delivery], token: str) -> None:
    with run.app.database.transaction() as tx:
        for delivery in rest:
            outbox.release(tx, delivery, token)


def _send_one(run: _Run, transport: Transport, delivery: Delivery, token: str) -> None:
    """Fence, send, record: the fence is committed before the transport gets the message."""
    app = run.app
    try:
        message = build(run.compiled, _recipient(app, delivery))
    except (RenderError, DeliveryError) as error:
        _settle(app, delivery, token, DeliveryState.FAILED, f"not sent: {error}")
        return
    with app.database.transaction() as tx:
        fenced = outbox.hand(tx, delivery, token, app.now())
    if not fenced:
        return
    try:
        receipt = transport.send(message)
    except DeliveryError as error:
        _settle_refused(app, delivery, token, error)
    except TransportDown as error:
        _settle_down(run, delivery, token, error)
    else:
        _settle(app, delivery, token, DeliveryState.SENT, receipt.reply)


def _recipient(app: App, delivery: Delivery) -> Recipient:
    signed = make_token(app.keys, UNSUBSCRIBE, delivery.public_id)
    claimed_at = delivery.first_claimed_at or app.now()
    return Recipient(delivery.email, signed, delivery.id, claimed_at)


def _settle_refused(app: App, delivery: Delivery, token: str, error: DeliveryError) -> None:
    wait = retry_after(delivery.attempts)
    old = app.now() - (delivery.first_claimed_at or app.now())
    if error.permanent:
        _settle(app, delivery, token, DeliveryState.FAILED, str(error))
    elif wait is None or old + wait > GIVE_UP_AFTER:
        _settle(app, delivery, token, DeliveryState.EXPIRED, str(error))
    else:
        _settle(app, delivery, token, DeliveryState.DEFERRED, str(error), wait)


def _settle_down(run: _Run, delivery: Delivery, token: str, error: TransportDown) -> None:
    run.give_up(error)
    if error.uncertain:
        _settle(run.app, delivery, token, DeliveryState.UNCERTAIN, str(error))
        return
    with run.app.database.transaction() as tx:
        outbox.release(tx, delivery, token)


def _settle(
    app: App,
    delivery: Delivery,
    token: str,
    state: DeliveryState,
    reply: str,
    wait: timedelta | None = None,
) -> None:
    now = app.now()
    give_up_at = time.monotonic() + _KEEP_TRYING
    while True:
        try:
            with app.database.transaction() as tx:
                outbox.settle(tx, delivery, token, state, reply, now, now + wait if wait else None)
            return
        except StoreError:
            # The message is gone either way: what became of it must not be forgotten.
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.5)


def test_send(app: App, looked: Proof, addresses: Sequence[str]) -> None:
    """Send a proof to a few addresses, outside the ledger; its unsubscribe link does nothing."""
    if looked.rendered is None:
        raise WrongState(f"{looked.edition.key} cannot be rendered: {looked.findings[0].message}")
    compiled = compile_message(looked.rendered, looked.head)
    with closing(app.open_transport()) as transport:
        for address in addresses:
            name = f"test.{secrets.token_hex(8)}"
            transport.send(build(compiled, Recipient(address, _TEST_TOKEN, 0, app.now(), name)))
