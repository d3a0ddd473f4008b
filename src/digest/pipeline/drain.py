"""One drain: claim, announce, fence, let go, record, until nothing is left or it is over.

One thread and one loop drive every connection. Each time something has come, one transaction
records what was taken and fences what is about to leave, and only then does it leave: after a crash
at most one message per connection is in doubt.
"""

import os
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from digest.app import App
from digest.deliver.lanes import Event, Lanes, Loop
from digest.deliver.message import Compiled
from digest.deliver.pacing import all_refused, retry_after
from digest.deliver.signing import Signing
from digest.errors import DeliveryError, StoreError, TransportDown
from digest.model import Delivery, DeliveryState, Edition, Numbers
from digest.pipeline.beside import Beside
from digest.pipeline.making import Making
from digest.pipeline.pace import Pace
from digest.pipeline.results import Absence
from digest.store import Transaction, editions, outbox
from digest.store.database import Line
from digest.store.flight import Flight
from digest.store.outbox import Result

_LOOK = 0.2  #: seconds after which a stop is seen at the latest
_FEW = 200  #: readers for whom no process is started to sign
_MANY = 1_000  #: readers for whom what is in flight is kept beside the ledger


@dataclass
class Run:
    """What one drain knows."""

    app: App
    edition: Edition
    stopped: threading.Event  #: the caller's: it ends more than this drain
    on_progress: Callable[[Numbers], None] | None
    lanes: Lanes
    loop: Loop
    making: Making
    pace: Pace
    away: Absence
    line: Line
    now: datetime  #: as of this turn of the loop
    token: str
    beside: Beside
    problem: str = ""
    lasting: bool = False
    over: bool = False  #: no new message may start
    void: bool = False  #: over, to begin anew
    dry: bool = False  #: there is nothing to claim
    refusals: list[tuple[Delivery, str]] = field(default_factory=list)  #: for good, in a row
    held: dict[int, Delivery] = field(default_factory=dict)  #: claimed, and no result recorded
    offered: set[int] = field(default_factory=set)  #: of those, on a connection
    ready: list[int] = field(default_factory=list)  #: of those, to be fenced
    results: list[Result] = field(default_factory=list)  #: to be recorded

    def give_up(self, error: TransportDown) -> None:
        """Remember why nothing can be sent."""
        self.problem = self.problem or str(error)
        self.lasting = self.lasting or error.lasting

    def note(
        self, number: int, state: DeliveryState, reply: str = "", again: datetime | None = None
    ) -> Delivery:
        """Have a result recorded; return its row."""
        self.results.append(Result(number, self.token, state, reply, self.now, again))
        self.offered.discard(number)
        if number in self.ready:  # its connection broke before it was let go
            self.ready.remove(number)
        return self.held.pop(number)

    def undo(self, number: int) -> None:
        """Have a row given back whose dot has not left."""
        self.note(number, DeliveryState.QUEUED)
        self.dry = False

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
    compiled: Sequence[Compiled],
    stopped: threading.Event,
    on_progress: Callable[[Numbers], None] | None,
) -> Run:
    """Make ready for a drain; nothing is connected before `work`."""
    with app.database.reading() as tx:
        since = app.now() - editions.changed_at(tx, edition.id)
        readers = outbox.numbers(tx, edition.id).open
    mail, loop = app.settings.mail, Loop()
    lanes = app.open_lanes(loop)
    processes = _processors() if readers > _FEW else 0
    signing = Signing(loop, app.signers, compiled, processes) if app.signers else None
    making = Making(app.keys, compiled, signing, mail.connections)
    pace = Pace(mail.rate, mail.warm_up, since, mail.connections)
    token, line = secrets.token_hex(8), Line(app.database)
    flight = None
    if readers > _MANY and app.database.is_sqlite:
        with suppress(StoreError):  # then each round is a transaction
            flight = Flight(app.database, token)
    return Run(
        app, edition, stopped, on_progress, lanes, loop, making, pace, Absence(app), line,
        app.now(), token, Beside(flight, line),
    )  # fmt: skip


def _processors() -> int:
    """Return how many are ours; not every system tells more than how many there are."""
    ours = getattr(os, "sched_getaffinity", None)
    return len(ours(0)) if ours else os.cpu_count() or 1


def work(run: Run) -> None:
    """Serve the outbox until it is empty, stopped, or the server is gone."""
    try:
        while True:
            run.now = run.app.now()
            _look_up(run)
            _commit(run)
            if not run.away.error:
                _offer(run)
                _say(run)
            run.lanes.flush()
            run.making.go_on()  # while what has left is under way
            if not run.held and (run.dry or run.over):
                if not (run.results or run.beside.waits):
                    return
                if run.away.error and run.stopped.is_set():
                    raise run.away.error
            run.loop.run(min(_LOOK, run.pace.wait() or _LOOK))
            events, run.lanes.events = run.lanes.events, []
            for event in events:
                _sort(run, event)
    finally:
        run.line.close()
        run.beside.close()
        run.lanes.close()
        run.making.close()
        run.loop.close()


def _look_up(run: Run) -> None:
    """See whether it is over; then nothing more leaves and what has not left is given back."""
    if run.lanes.problem:
        run.give_up(run.lanes.problem)
    run.over = run.over or bool(run.problem) or run.stopped.is_set()
    if not run.over:
        return
    _drop_ready(run)
    run.making.clear()
    for number in [each for each in run.held if each not in run.offered]:
        run.undo(number)


def _drop_ready(run: Run) -> None:
    """Let no dot leave of what is ready, and give it back."""
    ready, run.ready = run.ready, []
    for number in ready:
        run.lanes.drop(number)
        run.undo(number)


def _sort(run: Run, event: Event) -> None:
    """Take note of what became of one message."""
    outcome, number = event.outcome, event.id
    if outcome is None:
        run.ready.append(number)
    elif isinstance(outcome, str):
        run.heard(run.note(number, DeliveryState.SENT, outcome))
    elif isinstance(outcome, DeliveryError):
        delivery = run.note(number, *_refused(run.app, run.held[number], outcome))
        if outcome.permanent and outcome.code:
            run.heard(delivery, str(outcome))
    elif outcome.uncertain:
        run.note(number, DeliveryState.UNCERTAIN, str(outcome))
    else:
        run.undo(number)


def _refused(
    app: App, delivery: Delivery, error: DeliveryError
) -> tuple[DeliveryState, str, datetime | None]:
    """Return what a refusal makes of a row, and when it is tried again."""
    if error.permanent:
        return DeliveryState.FAILED, str(error), None
    age = app.now() - (delivery.first_claimed_at or app.now())
    wait = retry_after(delivery.attempts, age)
    if wait is None:
        return DeliveryState.EXPIRED, str(error), None
    return DeliveryState.DEFERRED, str(error), app.now() + wait


def _commit(run: Run) -> None:
    """Record, fence and claim, in one transaction if need be; then let go what was fenced."""
    if run.away.too_early:
        _drop_ready(run)
        run.away.keep(run.results)
        return
    wanted = 0 if run.over or run.dry else run.pace.to_claim(len(run.making.waiting))
    ending = run.over or run.dry
    late = run.beside.is_late or (ending and run.beside.waits)
    if not (run.results or run.ready or wanted or late or run.away.error):
        return
    try:
        if not (wanted or ending) and run.beside.keep(run.ready, run.results, run.now):
            fenced = set(run.ready)
        else:
            fenced = _write(run, wanted)
    except StoreError as error:
        # Whether the fences hold is not known: no dot. What was taken must not be forgotten.
        run.beside.lose()
        _drop_ready(run)
        run.away.keep(run.results)
        run.away.goes_on(error)
        return
    run.away.ends()
    for number in run.ready:
        if number in fenced:
            run.lanes.go(number)
        else:
            run.lanes.drop(number)
            run.offered.discard(number)
            run.held.pop(number)
    run.ready, run.results = [], []


def _write(run: Run, wanted: int) -> set[int]:
    now, fenced = run.now, set[int]()
    with run.line.transaction() as tx:
        # First, as whoever pauses does: another order of locks may end in a ring.
        sending = editions.is_sending(tx, run.edition.id)
        run.beside.bring(tx, run.results, run.token)
        if ready := [run.held[number] for number in run.ready]:
            fenced = outbox.hand_all(tx, ready, run.token, now)
        run.over = run.over or not sending
        if wanted and sending:
            _claim(run, tx, wanted)
        run.beside.ask(tx, run.held, run.token)
    run.beside.brought()
    return fenced


def _claim(run: Run, tx: Transaction, wanted: int) -> None:
    """Claim more. One we hold lost its claim while we slept: its reader may have moved since."""
    claimed = outbox.claim(tx, run.edition.id, run.token, wanted, run.now)
    known = [(run.held[each.id], each) for each in claimed if each.id in run.held]
    run.void = any(one.email != each.email for one, each in known)
    run.over = run.over or run.void
    new = {each.id: each for each in claimed if each.id not in run.held}
    run.dry = not new
    run.making.waiting += new.values()
    run.held |= new


def _offer(run: Run) -> None:
    """Announce as many messages as there is room and time for."""
    room = run.lanes.room(min(run.making.possible, run.pace.allowed()))
    for number, message in run.making.take(room):
        if number in run.held:
            run.pace.started()
            run.offered.add(number)
            run.lanes.offer(number, message)
    for number, problem in run.making.failed:
        if number in run.held:  # else it was given back meanwhile
            run.note(number, DeliveryState.FAILED, problem)
    run.making.failed = []


def _say(run: Run) -> None:
    """Tell how far it is, at most once a second, and seldom where counting takes long."""
    if run.on_progress is None or not run.pace.may_tell():
        return
    begun = time.monotonic()
    with suppress(StoreError):  # what is under way matters more
        with run.app.database.reading() as tx:
            numbers = outbox.numbers(tx, run.edition.id)
        run.on_progress(numbers)
    run.pace.told(time.monotonic() - begun)
