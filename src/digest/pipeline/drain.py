"""The connections of one drain: claim, fence, send, record, until nothing is left or it is over."""

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import astuple, dataclass, field
from datetime import timedelta

from digest.app import App
from digest.audience.tokens import UNSUBSCRIBE, bounce_tag, make_token
from digest.deliver.head import Recipient
from digest.deliver.message import Compiled, build
from digest.deliver.pacing import GIVE_UP_AFTER, all_refused, parse_rate, retry_after
from digest.deliver.transports.base import Transport
from digest.errors import DeliveryError, RenderError, StoreError, TransportDown
from digest.model import Delivery, DeliveryState, Edition, Numbers
from digest.pipeline.results import Result, keep
from digest.store import deliveries, editions, outbox

_BATCH = 20  #: rows one connection claims at a time
_KEEP_TRYING = 600.0  #: seconds a result is offered to a database that is away


@dataclass
class Run:
    """One drain: what its connections share."""

    app: App
    edition: Edition
    compiled: Sequence[Compiled]  #: by variant
    stopped: threading.Event  #: the caller's: it ends more than this drain
    on_progress: Callable[[Numbers], None] | None
    problem: str = ""
    lasting: bool = False
    dead: threading.Event = field(default_factory=threading.Event)  #: nothing can be sent
    lock: threading.Lock = field(default_factory=threading.Lock)
    refusals: list[tuple[Delivery, str]] = field(default_factory=list)  #: for good, in a row
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
            self.lasting = self.lasting or error.lasting
        self.dead.set()

    def heard(self, delivery: Delivery, refusal: str = "") -> None:
        """Give up when one reader after the other is refused with the same words."""
        with self.lock:
            if not refusal:
                self.refusals.clear()
                return
            self.refusals.append((delivery, refusal))
            words = all_refused([(each.email, said) for each, said in self.refusals])
        if words and not self.dead.is_set():
            problem = f"one reader after the other is refused with {words}: {refusal}"
            self.give_up(TransportDown(problem, lasting=True))

    def say(self) -> None:
        """Tell how far it is, at most once a second."""
        with self.lock:
            if self.on_progress is None or time.monotonic() < self.next_word:
                return
            self.next_word = time.monotonic() + 1
        with self.app.database.reading() as tx:
            self.on_progress(outbox.numbers(tx, self.edition.id))


def work(run: Run) -> None:
    """Serve the outbox over one connection until it is empty, stopped, or the server is gone."""
    token = secrets.token_hex(8)
    with closing(run.app.open_transport()) as transport:
        while not run.over:
            with run.app.database.transaction() as tx:
                if not editions.is_sending(tx, run.edition.id):
                    return
                claimed = outbox.claim(tx, run.edition.id, token, _batch(run.app), run.app.now())
            if not claimed:
                return
            _send_batch(run, transport, claimed, token)


def _batch(app: App) -> int:
    """Return how many rows to claim: no more than the rate lets through before claims lapse."""
    spacing = parse_rate(app.settings.mail.rate) * app.settings.mail.connections
    return max(1, min(_BATCH, int(outbox.CLAIM_SECONDS / 2 / spacing))) if spacing else _BATCH


def _send_batch(run: Run, transport: Transport, claimed: Sequence[Delivery], token: str) -> None:
    for position, delivery in enumerate(claimed):
        run.wait_turn()
        if run.over:
            _release(run, claimed[position:], token)
            break
        _send_one(run, transport, delivery, token)
    run.say()


def _release(run: Run, rest: Sequence[Delivery], token: str) -> None:
    with run.app.database.transaction() as tx:
        for delivery in rest:
            outbox.release(tx, delivery, token)


def _send_one(run: Run, transport: Transport, delivery: Delivery, token: str) -> None:
    """Fence, send, record: the fence is committed before the transport gets the message."""
    app = run.app
    try:
        message = build(run.compiled[delivery.variant], _recipient(run, delivery))
    except (RenderError, DeliveryError) as error:
        _settle(app, delivery, token, DeliveryState.FAILED, f"not sent: {error}")
        return
    try:
        with app.database.transaction() as tx:
            fenced = outbox.hand(tx, delivery, token, app.now())
    except StoreError:
        # Whether the fence stands is not known: no dot leaves, and the row goes back.
        keep(app, [Result(delivery.id, token, DeliveryState.QUEUED, "", app.now())])
        raise
    if not fenced:
        return
    try:
        receipt = transport.send(message)
    except DeliveryError as error:
        _settle_refused(app, delivery, token, error)
        if error.permanent and error.code:
            run.heard(delivery, str(error))
    except TransportDown as error:
        _settle_down(run, delivery, token, error)
    else:
        _settle(app, delivery, token, DeliveryState.SENT, receipt.reply)
        run.heard(delivery)


def _recipient(run: Run, delivery: Delivery) -> Recipient:
    app, key_id = run.app, run.compiled[0].head.key_id
    signed = make_token(app.keys, UNSUBSCRIBE, delivery.public_id, key_id)
    claimed_at = delivery.first_claimed_at or app.now()
    tag = bounce_tag(app.keys, delivery.id)
    return Recipient(delivery.email, signed, delivery.id, claimed_at, tag=tag)


def _settle_refused(app: App, delivery: Delivery, token: str, error: DeliveryError) -> None:
    wait = retry_after(delivery.attempts)
    old = app.now() - (delivery.first_claimed_at or app.now())
    if error.permanent:
        _settle(app, delivery, token, DeliveryState.FAILED, str(error))
    elif wait is None or old + wait > GIVE_UP_AFTER:
        _settle(app, delivery, token, DeliveryState.EXPIRED, str(error))
    else:
        _settle(app, delivery, token, DeliveryState.DEFERRED, str(error), wait)


def _settle_down(run: Run, delivery: Delivery, token: str, error: TransportDown) -> None:
    run.give_up(error)
    state = DeliveryState.UNCERTAIN if error.uncertain else DeliveryState.QUEUED
    _settle(run.app, delivery, token, state, str(error))


def _settle(
    app: App,
    delivery: Delivery,
    token: str,
    state: DeliveryState,
    reply: str,
    wait: timedelta | None = None,
) -> None:
    now = app.now()
    result = Result(delivery.id, token, state, reply, now, now + wait if wait else None)
    give_up_at, kept = time.monotonic() + _KEEP_TRYING, False
    while True:
        try:
            with app.database.transaction() as tx:
                deliveries.settle_late(tx, *astuple(result))
            return
        except StoreError:
            # The message is gone either way: what became of it must not be forgotten.
            if not kept:
                keep(app, [result])
            kept = True
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.5)
