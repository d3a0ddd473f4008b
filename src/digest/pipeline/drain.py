"""One drain: claim, announce, fence, let go, record, until nothing is left or it is over.

One thread and one loop drive every connection. Each time something has come, one transaction
records what was taken and fences what is about to leave, and only then does it leave: after a crash
at most one message per connection is in doubt.
"""

import os
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from digest.app import App
from digest.audience.tokens import UNSUBSCRIBE, bounce_tag, make_token
from digest.deliver.head import Recipient
from digest.deliver.lanes import Event, Lanes, Loop
from digest.deliver.message import Compiled, build
from digest.deliver.pacing import GIVE_UP_AFTER, all_refused, retry_after
from digest.deliver.signing import Signing
from digest.errors import DeliveryError, RenderError, StoreError, TransportDown
from digest.model import Delivery, DeliveryState, Edition, Message, Numbers
from digest.pipeline.pace import Pace
from digest.store import editions, outbox
from digest.store.fence import Result

_KEEP_TRYING = 600.0  #: seconds a result is offered to a database that is away
_LOOK = 0.2  #: seconds after which a stop is seen at the latest
_FEW = 200  #: readers for whom no process is started to sign


@dataclass
class Run:
    """What one drain knows."""

    app: App
    edition: Edition
    compiled: Compiled
    stopped: threading.Event  #: the caller's: it ends more than this drain
    on_progress: Callable[[Numbers], None] | None
    lanes: Lanes
    loop: Loop
    signing: Signing | None
    pace: Pace
    token: str = field(default_factory=lambda: secrets.token_hex(8))
    problem: str = ""
    lasting: bool = False
    over: bool = False  #: no new message may start
    dry: bool = False  #: there is nothing to claim
    refusals: list[tuple[Delivery, str]] = field(default_factory=list)  #: for good, in a row
    held: dict[int, Delivery] = field(default_factory=dict)  #: claimed, and no result recorded
    waiting: deque[Delivery] = field(default_factory=deque)  #: of those, not made into a message
    offered: set[int] = field(default_factory=set)  #: of those, on a connection
    ready: list[int] = field(default_factory=list)  #: of those, to be fenced
    results: list[Result] = field(default_factory=list)  #: to be recorded
    undone: list[int] = field(default_factory=list)  #: to be given back

    def give_up(self, error: TransportDown) -> None:
        """Remember why nothing can be sent."""
        self.problem = self.problem or str(error)
        self.lasting = self.lasting or error.lasting

    def heard(self, delivery: Delivery, refusal: str = "") -> None:
        """Give up when one reader after the other is refused with the same words."""
        if not refusal:
            self.refusals.clear()
            return
        self.refusals.append((delivery, refusal))
        words = all_refused([(each.email, said) for each, said in self.refusals])
        if words and not self.problem:
            problem = f"one reader after the other is refused with {words}: {refusal}"
            self.give_up(TransportDown(problem, lasting=True))


def start(
    app: App,
    edition: Edition,
    compiled: Compiled,
    stopped: threading.Event,
    on_progress: Callable[[Numbers], None] | None,
) -> Run:
    """Make ready for a drain; nothing is connected before `work`."""
    with app.database.reading() as tx:
        since = app.now() - editions.changed_at(tx, edition.id)
        many = outbox.numbers(tx, edition.id).open > _FEW
    mail, loop = app.settings.mail, Loop()
    lanes = app.open_lanes(loop)
    processes = len(os.sched_getaffinity(0)) if many else 0
    signing = Signing(loop, app.signers, processes) if app.signers else None
    pace = Pace(mail.rate, mail.warm_up, since, mail.connections)
    return Run(app, edition, compiled, stopped, on_progress, lanes, loop, signing, pace)


def work(run: Run) -> None:
    """Serve the outbox until it is empty, stopped, or the server is gone."""
    try:
        while True:
            _look_up(run)
            _commit(run)
            _offer(run)
            run.lanes.flush()
            _say(run)
            if not run.held and (run.dry or run.over):
                return
            run.loop.run(min(_LOOK, run.pace.wait()) if run.waiting else _LOOK)
            events, run.lanes.events = run.lanes.events, []
            for event in events:
                _sort(run, event)
    finally:
        run.lanes.close()
        if run.signing:
            run.signing.close()
        run.loop.close()


def _look_up(run: Run) -> None:
    """See whether it is over; then nothing more leaves and what has not left is given back."""
    if run.lanes.problem:
        run.give_up(run.lanes.problem)
    run.over = run.over or bool(run.problem) or run.stopped.is_set()
    if not run.over:
        return
    _drop_ready(run)
    run.waiting.clear()
    for number in [each for each in run.held if each not in run.offered]:
        _undo(run, number)


def _drop_ready(run: Run) -> None:
    for number in run.ready:
        run.lanes.drop(number)
        run.offered.discard(number)
        _undo(run, number)
    run.ready = []


def _undo(run: Run, number: int) -> None:
    run.held.pop(number)
    run.undone.append(number)


def _sort(run: Run, event: Event) -> None:
    """Take note of what became of one message."""
    outcome = event.outcome
    if outcome is None:
        run.ready.append(event.id)
        return
    run.offered.discard(event.id)
    if isinstance(outcome, TransportDown) and not outcome.uncertain:
        run.dry = False
        _undo(run, event.id)
        return
    delivery = run.held.pop(event.id)
    if isinstance(outcome, str):
        run.results.append(Result(event.id, DeliveryState.SENT, outcome))
        run.heard(delivery)
    elif isinstance(outcome, TransportDown):
        run.results.append(Result(event.id, DeliveryState.UNCERTAIN, str(outcome)))
    else:
        run.results.append(_refused(run.app, delivery, outcome))
        if outcome.permanent and outcome.code:
            run.heard(delivery, str(outcome))


def _refused(app: App, delivery: Delivery, error: DeliveryError) -> Result:
    wait = retry_after(delivery.attempts)
    old = app.now() - (delivery.first_claimed_at or app.now())
    if error.permanent:
        return Result(delivery.id, DeliveryState.FAILED, str(error))
    if wait is None or old + wait > GIVE_UP_AFTER:
        return Result(delivery.id, DeliveryState.EXPIRED, str(error))
    return Result(delivery.id, DeliveryState.DEFERRED, str(error), app.now() + wait)


def _commit(run: Run) -> None:
    """Record, give back, fence and claim in one transaction; then let go what was fenced."""
    wanted = 0 if run.over or run.dry else run.pace.to_claim(len(run.waiting))
    if not (run.results or run.undone or run.ready or wanted):
        return
    try:
        fenced = _write(run, wanted)
    except StoreError:
        # Whether the fences hold is not known: no dot. What was taken must not be forgotten.
        _drop_ready(run)
        _keep_trying(run)
        return
    for number in run.ready:
        if number in fenced:
            run.lanes.go(number)
        else:
            run.lanes.drop(number)
            run.offered.discard(number)
            run.held.pop(number)
    run.ready, run.results, run.undone = [], [], []


def _write(run: Run, wanted: int) -> set[int]:
    app, now, fenced = run.app, run.app.now(), set[int]()
    with app.database.transaction() as tx:
        if run.results:
            outbox.settle_all(tx, run.results, run.token, now)
        if run.undone:
            outbox.release_all(tx, run.undone, run.token)
        if run.ready:
            ready = [run.held[number] for number in run.ready]
            fenced = outbox.hand_all(tx, ready, run.token, now)
        if (wanted or len(fenced) < len(run.ready)) and not editions.is_sending(tx, run.edition.id):
            run.over = True
        elif wanted:
            claimed = outbox.claim(tx, run.edition.id, run.token, wanted, now)
            new = [each for each in claimed if each.id not in run.held]
            run.dry = not new
            run.waiting += new
            run.held |= {each.id: each for each in new}
    return fenced


def _keep_trying(run: Run) -> None:
    """Offer results to a database that is away until it takes them."""
    give_up_at = time.monotonic() + _KEEP_TRYING
    while True:
        time.sleep(0.5)
        try:
            _write(run, 0)
        except StoreError:
            if time.monotonic() > give_up_at:
                raise
        else:
            run.results, run.undone = [], []
            return


def _offer(run: Run) -> None:
    """Announce as many messages as there is room and time for."""
    signed = len(run.signing.ready) + run.signing.under_way if run.signing else 0
    room = run.lanes.room(min(len(run.waiting) + signed, run.pace.allowed()))
    for number, message in _messages(run, room):
        run.pace.started()
        run.offered.add(number)
        run.lanes.offer(number, message)


def _messages(run: Run, most: int) -> Iterator[tuple[int, Message]]:
    """Yield up to so many finished messages; keep the processes that sign busy."""
    signing = run.signing
    while signing and run.waiting and not signing.busy:
        if (made := _made(run)) is not None:
            signing.put(*made)
    if signing:
        if not run.waiting:
            signing.flush()
        for _ in range(min(most, len(signing.ready))):
            number, message = signing.ready.popleft()
            if number in run.held:
                yield number, message
        return
    while most and run.waiting:
        if (made := _made(run)) is not None:
            most -= 1
            yield made


def _made(run: Run) -> tuple[int, Message] | None:
    """Build the next message; what cannot be built has failed."""
    delivery = run.waiting.popleft()
    try:
        return delivery.id, build(run.compiled, _recipient(run, delivery))
    except (RenderError, DeliveryError) as error:
        del run.held[delivery.id]
        run.results.append(Result(delivery.id, DeliveryState.FAILED, f"not sent: {error}"))
        return None


def _recipient(run: Run, delivery: Delivery) -> Recipient:
    keys = run.app.keys
    signed = make_token(keys, UNSUBSCRIBE, delivery.public_id)
    claimed_at = delivery.first_claimed_at or run.app.now()
    tag = bounce_tag(keys, delivery.id) if run.compiled.tagged else ""
    return Recipient(delivery.email, signed, delivery.id, claimed_at, tag=tag)


def _say(run: Run) -> None:
    """Tell how far it is, at most once a second, and seldom where counting takes long."""
    if run.on_progress is None or not run.pace.may_tell():
        return
    begun = time.monotonic()
    with run.app.database.reading() as tx:
        numbers = outbox.numbers(tx, run.edition.id)
    run.on_progress(numbers)
    run.pace.told(time.monotonic() - begun)
