"""An approved edition is queued and every reader gets it, through the ledger."""

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

from digest.app import App
from digest.audience.tokens import UNSUBSCRIBE, make_token
from digest.deliver.head import Recipient, head_for
from digest.deliver.message import Compiled, build, compile_message
from digest.deliver.pacing import GIVE_UP_AFTER, parse_rate, retry_after
from digest.deliver.transports.base import Transport
from digest.errors import DeliveryError, RenderError, TransportDown, WrongState
from digest.model import Delivery, DeliveryState, Edition, EditionState, Numbers
from digest.pipeline.edit import Proof
from digest.store import editions, outbox

_BATCH = 20  #: rows one connection claims at a time
_RESEND_AFTER = timedelta(minutes=10)
_TEST_TOKEN = "T" * 32


@dataclass(frozen=True, slots=True)
class Drained:
    """How far a drain came."""

    edition: Edition
    numbers: Numbers
    problem: str = ""  #: why nothing can be sent, if so

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
    on_progress: Callable[[Numbers], None] = lambda _: None,
    stop: threading.Event | None = None,
) -> Drained:
    """Send what is due of an edition over the configured connections, until none is left.

    `stop` ends it early: no new claim, open connections finish their message.
    """
    if edition.state is not EditionState.SENDING:
        raise WrongState(f"{edition.key} is {edition.state.value}, not sending")
    _settle_doubts(app, edition)
    with app.database.reading() as tx:
        rendered = editions.frozen_content(tx, edition.id)
    head = head_for(app.settings, edition.newsletter, edition.id, app.keys.current)
    run = _Run(
        app, edition, compile_message(rendered, head), stop or threading.Event(), on_progress
    )
    connections = app.settings.mail.connections
    with ThreadPoolExecutor(connections) as pool:
        for worker in [pool.submit(_work, run) for _ in range(connections)]:
            worker.result()
    return _finish(app, edition, run.problem)


def _settle_doubts(app: App, edition: Edition) -> None:
    """Name the rows a dead process left in doubt; send them again if that is the policy."""
    now = app.now()
    with app.database.transaction() as tx:
        outbox.find_uncertain(tx, edition.id, now)
        if app.settings.mail.on_uncertain == "resend":
            outbox.resend_uncertain(tx, edition.id, now - _RESEND_AFTER)


def _finish(app: App, edition: Edition, problem: str) -> Drained:
    with app.database.transaction() as tx:
        numbers = outbox.numbers(tx, edition.id)
        waits = app.settings.mail.on_uncertain == "resend" and numbers.uncertain
        current = editions.find(tx, str(edition.id))
        if numbers.open == 0 and not waits and current.state is EditionState.SENDING:
            current = editions.move(tx, current, EditionState.SENT, app.now())
    return Drained(current, numbers, problem)


@dataclass
class _Run:
    """One drain: what its connections share."""

    app: App
    edition: Edition
    compiled: Compiled
    stop: threading.Event
    on_progress: Callable[[Numbers], None]
    problem: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)
    next_start: float = 0.0

    def wait_turn(self) -> None:
        """Keep the configured rate over all connections."""
        spacing = parse_rate(self.app.settings.mail.rate)
        if not spacing:
            return
        with self.lock:
            start = max(self.next_start, time.monotonic())
            self.next_start = start + spacing
        self.stop.wait(max(0.0, start - time.monotonic()))

    def give_up(self, problem: str) -> None:
        """Remember why nothing can be sent and stop the other connections."""
        with self.lock:
            self.problem = self.problem or problem
        self.stop.set()


def _work(run: _Run) -> None:
    """Serve the outbox over one connection until it is empty, stopped, or the server is gone."""
    token = secrets.token_hex(8)
    transport = run.app.open_transport()
    try:
        while not run.stop.is_set():
            with run.app.database.transaction() as tx:
                claimed = outbox.claim(tx, run.edition.id, token, _BATCH, run.app.now())
            if not claimed:
                return
            _send_batch(run, transport, claimed, token)
    finally:
        transport.close()


def _send_batch(run: _Run, transport: Transport, claimed: Sequence[Delivery], token: str) -> None:
    for position, delivery in enumerate(claimed):
        run.wait_turn()
        if run.stop.is_set():
            _release(run, claimed[position:], token)
            break
        _send_one(run, transport, delivery, token)
    with run.app.database.reading() as tx:
        run.on_progress(outbox.numbers(tx, run.edition.id))


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
    run.give_up(str(error))
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
    with app.database.transaction() as tx:
        outbox.settle(tx, delivery, token, state, reply, now, now + wait if wait else None)


def test_send(app: App, looked: Proof, addresses: Sequence[str]) -> None:
    """Send a proof to a few addresses, outside the ledger; its unsubscribe link does nothing."""
    if looked.rendered is None:
        raise WrongState(f"{looked.edition.key} cannot be rendered: {looked.findings[0].message}")
    head = head_for(app.settings, looked.edition.newsletter, looked.edition.id, app.keys.current)
    compiled = compile_message(looked.rendered, head)
    transport = app.open_transport()
    try:
        for address in addresses:
            name = f"test.{secrets.token_hex(8)}"
            transport.send(build(compiled, Recipient(address, _TEST_TOKEN, 0, app.now(), name)))
    finally:
        transport.close()
