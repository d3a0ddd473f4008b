"""F42: everything mixed, by a seed; the promises hold at every look. `--seed N` replays one."""

import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from zlib import crc32

import pytest

from digest import membership, pipeline
from digest.errors import WrongState
from digest.model import DeliveryState, EditionState
from tests.faults.conftest import MakeOutlet
from tests.faults.outlet import Outlet, address
from tests.faults.sender import Orders, finish, start
from tests.faults.sink import DROP, LOSE, Heard, Say, Sink

Figures = Callable[..., None]
READERS = 24
_WAITING = (DeliveryState.QUEUED, DeliveryState.DEFERRED, DeliveryState.SUPPRESSED)
#: What a bad relay says: the command, the reply, how often in a thousand.
_MOODS = (
    ("CONNECT", Say("421 4.3.2 busy", close=True), 40),
    ("MAIL", Say("421 4.7.0 enough", close=True), 20),
    ("RCPT", Say("450 4.2.1 later"), 60),
    ("RCPT", Say("550 5.1.1 unknown"), 20),
    ("DATA", Say(DROP), 10),
    ("DATA", Say("451 4.3.0 later"), 20),
    ("DOT", Say(DROP), 30),
    ("DOT", Say(LOSE), 30),
    ("DOT", Say("452 4.2.2 full"), 20),
    ("DOT", Say("554 5.6.0 no"), 20),
    ("DOT", Say("421 4.3.2 busy", close=True), 20),
)


@dataclass
class Run:
    """One simulation: what happens is drawn from its seed."""

    outlet: Outlet
    sink: Sink
    seed: int
    policy: str
    chance: random.Random = field(init=False)
    now: timedelta = timedelta()
    left: set[str] = field(default_factory=set)  #: who left while their row waited
    crashes: int = 0
    events: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.sink.rule = self._moody

    def _moody(self, heard: Heard) -> Say | None:
        """Answer by a die that the seed and the moment throw, whatever thread asks."""
        key = f"{self.seed} {heard.command} {heard.recipient} {heard.attempt}"
        roll = crc32(key.encode()) % 1000
        for command, say, share in _MOODS:
            if command == heard.command:
                if roll < share:
                    return say
                roll -= share
        return Say(delay=0.002) if heard.command == "DOT" else None

    def step(self) -> None:
        """Let a sender run, and something happen to it."""
        fate = self.chance.choice(("die", "kill", "leave", "pause", "term", "full", "live", "live"))
        self.events.append(fate)
        switch = self.outlet.folder / self.chance.choice(("full", "readonly"))
        if fate == "full":
            switch.touch()
        die_at = self.chance.randrange(1, 260) if fate == "die" else 0
        sender = start(
            Orders(self.outlet.folder, self.policy, (self.now,), die_at=die_at, times=60)
        )
        if fate in ("kill", "leave", "pause", "term", "full"):
            time.sleep(0.03 + self.chance.random() * 0.15)
        if fate == "leave":
            self._someone_leaves()
        if fate == "pause" and self.outlet.edition.state is EditionState.SENDING:
            with suppress(WrongState):  # it may have ended since
                pipeline.pause_edition(self.outlet.app, self.outlet.edition, "by the simulation")
        if fate == "term":
            sender.terminate()
        if fate in ("kill", "full"):
            sender.kill()
        sender.join(30)
        assert not sender.is_alive()
        switch.unlink(missing_ok=True)
        self.crashes += sender.exitcode == -9
        self.look()

    def go_on(self) -> None:
        """Let time pass, and a person look after it."""
        if self.outlet.edition.state is EditionState.PAUSED:
            pipeline.resume_edition(self.outlet.app, self.outlet.edition)
        if self.chance.random() < 0.7:
            self.outlet.expire()
        self.now += timedelta(minutes=self.chance.choice((0.5, 6, 12, 60)))

    def _someone_leaves(self) -> None:
        email = address(self.chance.randrange(READERS))
        membership.end_subscription(self.outlet.app, email, "weekly")
        (row,) = [row for row in self.outlet.rows() if row.email == email]
        if row.state in _WAITING and not self.sink.counts[email]:
            self.left.add(email)

    def look(self) -> None:
        """Check what must hold at every instant."""
        _ = self.outlet.numbers  # P1: they add up
        for row in self.outlet.rows():
            copies = self.sink.counts[row.email] - 1
            handed = row.state is DeliveryState.HANDED
            assert copies <= row.doubts, f"{row} was sent {copies + 1} times"  # P2
            assert self.policy == "resend" or copies <= 0, row
            assert row.state is not DeliveryState.SENT or copies >= 0, row
            assert copies < 0 or handed or row.state not in _WAITING or row.doubts, row
        assert self.left.isdisjoint(self.sink.counts)  # P3

    def end(self) -> None:
        """Let the relay be well and everything come to its end."""
        self.sink.rule = None
        for hours in (0, 1, 2, 25, 26):
            if self.outlet.edition.state is EditionState.PAUSED:
                pipeline.resume_edition(self.outlet.app, self.outlet.edition)
            self.outlet.expire()
            at = self.now + timedelta(hours=hours)
            finish(Orders(self.outlet.folder, self.policy, (at, at + timedelta(minutes=12))))
            self.look()
            if self.outlet.edition.state is EditionState.SENT:
                break
        assert self.outlet.edition.state is EditionState.SENT
        assert self.outlet.numbers.open == 0
        silent = {"failed", "suppressed", "expired", "uncertain"}
        for row in self.outlet.rows():
            assert self.sink.counts[row.email] or row.state.value in silent, row  # P1: none lost
        ways = {(one.recipient, one.message_id, one.content) for one in self.sink.taken}
        assert len(ways) == len(self.sink.counts)  # P9: every copy is the same


@pytest.mark.seeds(6, 500, 10_000)
def test_f42_whatever_happens_in_whatever_order_the_promises_hold(
    request: pytest.FixtureRequest, sink: Sink, seed: int, figures: Figures
) -> None:
    kind = "postgresql" if seed % 4 == 3 else "sqlite"
    make: MakeOutlet = request.getfixturevalue(f"on_{kind}")
    outlet = make(readers=READERS, connections=1 + seed % 4)
    run = Run(outlet, sink, seed, "hold" if seed % 2 else "resend")
    try:
        for _ in range(run.chance.randrange(2, 6)):
            run.step()
            run.go_on()
        run.end()
    except BaseException as error:
        error.add_note(f"replay: --seed {seed}; {run.policy}, {kind}: {', '.join(run.events)}")
        raise
    copies = sum(sink.counts.values()) - len(sink.counts)
    figures("F42", runs=1, crashes=run.crashes, copies=copies, named=len(outlet.doubted))
