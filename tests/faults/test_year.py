"""A simulated year: whatever the machine does, each slot has one record, and it says the truth.

The database is a dictionary here and the decisions are the real ones; every write is atomic, and
a process may die between any two of them. `--seed N` replays one.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zlib import crc32
from zoneinfo import ZoneInfo

import pytest

from digest import rhythm
from digest.model import GOING, EditionState, Known, Past
from digest.rhythm import Do, Plan, Step
from digest.slots import Slot, parse_schedule

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
DAILY = ("daily 06:00", "daily 02:30", "weekdays 00:00", "daily 23:45")
WEEKLY = ("monday 07:30", "sunday 02:30", "sunday 01:45", "first monday 09:00")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
State = EditionState
OPEN = (State.DRAFT, State.HELD)


class Died(Exception):
    """The process ended between two writes."""


class Refused(Exception):
    """A conditional write found another state."""


@dataclass
class World:
    """A database, people and a machine that is not always on."""

    seed: int
    chance: random.Random = field(init=False)
    plans: dict[str, Plan] = field(default_factory=dict)
    past: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    editions: dict[tuple[str, date], Known] = field(default_factory=dict)
    told: dict[str, set[str]] = field(default_factory=dict)
    sends: Counter[tuple[str, date]] = field(default_factory=Counter)
    notices: Counter[tuple[str, str]] = field(default_factory=Counter)
    ticks: list[datetime] = field(default_factory=list)  #: that came to their end
    deaths: int = 0
    now: datetime = START
    snapshot: tuple[date, dict[str, Past]] | None = None

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        for slug, rules in (("daily", DAILY), ("weekly", WEEKLY)):
            rule, zone = self.chance.choice(rules), ZoneInfo(self.chance.choice(ZONES))
            skipped = {date(2026, 1, 1) + DAY * self.chance.randrange(365) for _ in range(20)}
            self.plans[slug] = Plan(
                slug,
                parse_schedule(rule),
                zone,
                f"{rule} {zone.key}",
                required=self.chance.random() < 0.3,
                skips_thin=self.chance.random() < 0.5,
                catch_up=timedelta(hours=self.chance.choice((2, 24, 24, 72))),
                skip_dates=frozenset(skipped),
            )

    def put(self, key: tuple[str, date], made: Known) -> None:
        """Store an edition; what was told of it before stays told."""
        self.editions[key] = replace(made, told=frozenset(self.told.get(made.key, ())))
        self.snapshot = None

    def known(self) -> dict[str, Past]:
        """Return what the one query of a tick would."""
        recent = (self.now - rhythm.KNOWN).date()
        if self.snapshot is None or self.snapshot[0] != recent:
            mine: dict[str, list[Known]] = {slug: [] for slug in self.past}
            for (slug, on), e in self.editions.items():
                if slug in mine and (on >= recent or e.state in GOING):
                    mine[slug].append(e)
            past = {s: Past(rule, at, tuple(mine[s])) for s, (rule, at) in self.past.items()}
            self.snapshot = (recent, past)
        return self.snapshot[1]

    def write(self, slug: str, slot: Slot, to: State, *among: State, reason: str = "") -> None:
        """Write one state in one transaction, if the edition's is among those expected."""
        if self.chance.random() < 0.02:
            self.deaths += 1
            raise Died
        there = self.editions.get((slug, slot.on))
        if there is not None and there.state not in among:
            raise Refused
        made = Known(0, slug, slot.on, slot.at, to, self.now, reason)
        self.put((slug, slot.on), made)
        self.sends[slug, slot.on] += to is State.SENDING

    def build(self, step: Step) -> State:
        """Store a draft, held if it is thin; return which."""
        thin = crc32(f"{self.seed} {step.about}".encode()) % 20 == 0  # for every process the same
        to = State.HELD if thin else State.DRAFT
        among = {State.DRAFT, *([step.edition.state] if step.edition else [])}
        reason = f"{rhythm.THIN}: 2" if thin else ""
        self.write(step.newsletter, step.slot, to, *among, reason=reason)
        return to

    def act(self, step: Step) -> None:
        """Do what the scheduler does, write by write."""
        slug, slot = step.newsletter, step.slot
        match step.do:
            case Do.OBSERVE:
                self.past[slug] = (self.plans[slug].rule, self.now)
                self.snapshot = None
            case Do.DRAFT:
                self.build(step)
            case Do.SKIP:
                self.write(slug, slot, State.SKIPPED, *OPEN, reason=step.reason)
            case Do.MISS:
                self.write(slug, slot, State.MISSED, *OPEN, reason=step.reason)
            case Do.QUEUE:
                self.write(slug, slot, State.SENDING, State.APPROVED)
            case Do.HOLD:
                if step.edition is None and self.build(step) is State.HELD:
                    return
                self.write(slug, slot, State.HELD, State.DRAFT, State.APPROVED, reason=step.reason)
            case Do.RUN:
                self.run(step)

    def run(self, step: Step) -> None:
        """Build, approve and queue."""
        slug, slot = step.newsletter, step.slot
        if self.build(step) is State.HELD:
            if self.plans[slug].skips_thin:
                self.write(slug, slot, State.SKIPPED, State.HELD, reason=rhythm.THIN)
            return
        blocked = crc32(f"{step.about} {self.seed}".encode()) % 30 == 0
        to = State.HELD if blocked else State.APPROVED
        self.write(slug, slot, to, State.DRAFT, reason="blocker" if to is State.HELD else "")
        if to is State.APPROVED:
            self.write(slug, slot, State.SENDING, State.APPROVED)

    def tick(self, steps: list[Step]) -> None:
        """Take the steps of one process; then people are told, and mail goes out."""
        for step in steps:
            try:
                self.act(step)
            except Refused:
                continue
        for fact in rhythm.untold(self.plans, self.known(), self.now):
            self.told.setdefault(fact.edition.key, set()).add(fact.name)
            self.notices[fact.edition.key, fact.name] += 1
            key = (fact.edition.newsletter, fact.edition.on)
            self.put(key, self.editions[key])
        for key, e in self.open(State.SENDING):
            if self.chance.random() < 0.7:
                self.put(key, replace(e, state=State.SENT, changed_at=self.now))

    def open(self, state: State) -> list[tuple[tuple[str, date], Known]]:
        """Return the editions in a state."""
        recent = [e for past in self.known().values() for e in past.editions]
        return [((e.newsletter, e.on), e) for e in recent if e.state is state]

    def people(self) -> None:
        """Someone approves a draft, or skips one by hand."""
        for key, e in self.open(State.DRAFT):
            if self.plans[key[0]].required:
                roll = self.chance.random()
                if roll < 0.6:
                    self.put(key, replace(e, state=State.APPROVED, changed_at=self.now))
                elif roll < 0.65:
                    skipped = {"state": State.SKIPPED, "reason": "by hand"}
                    self.put(key, replace(e, changed_at=self.now, **skipped))  # type: ignore[arg-type]

    def live(self, jumps: bool) -> None:
        """Let the year pass: ticks of one to three processes, restarts, sleep, a wrong clock."""
        while self.now < END:
            true = self.now
            if jumps and self.chance.random() < 0.03:
                self.now += self.chance.choice(
                    (HOUR, -HOUR, DAY, -DAY, datetime(1970, 1, 1, tzinfo=UTC) - true)
                )
            decided = [
                rhythm.decide_all(self.plans, self.known(), self.now)
                for _ in range(self.chance.choice((1, 1, 1, 2, 3)))
            ]
            for steps in decided:
                try:
                    self.tick(steps)
                    self.ticks.append(self.now)
                except Died:
                    continue
            self.now = true
            if self.chance.random() < 0.3:
                self.people()
            asleep = self.chance.random() < 0.02
            hours = (
                self.chance.choice((1, 3, 30, 100)) if asleep else self.chance.choice((0.2, 2, 8))
            )
            self.now += timedelta(hours=hours * self.chance.random() * 2)


def slots_of(plan: Plan) -> Iterator[tuple[date, datetime]]:
    """Yield the slots of the year in another way than the program: by trying each quarter hour."""
    at = plan.schedule.at
    for number in range(2, 364):
        day = date(2026, 1, 1) + DAY * number
        if plan.schedule.falls_on(day):
            wall = datetime.combine(day, at)
            utc = datetime.combine(day, at, UTC) - 14 * HOUR
            while utc.astimezone(plan.zone).replace(tzinfo=None) < wall:
                utc += timedelta(minutes=15)
            yield day, utc


def check(world: World, *, jumps: bool) -> Counter[str]:
    """Check each slot's record against what the machine did."""
    ends: Counter[str] = Counter()
    for slug, plan in world.plans.items():
        slots = [pair for pair in slots_of(plan) if pair[1] > START]
        for (on, at), (_, following) in pairwise(slots):
            if at > END - 8 * DAY:
                break
            e = world.editions.get((slug, on))
            assert e is not None, f"{slug}@{on} has no record"
            went = e.state in (State.SENDING, State.SENT)
            assert world.sends[slug, on] == went, (
                f"{e.key} is {e.state}, sent {world.sends[slug, on]}"
            )
            assert e.state in (
                State.SENT,
                State.SENDING,
                State.SKIPPED,
                State.HELD,
                State.MISSED,
            ), e
            ends[e.state.value] += 1
            if jumps:
                continue
            until = min(at + plan.catch_up, following)
            ran = any(at <= tick <= until for tick in world.ticks)
            assert e.state is not State.MISSED or not ran, f"{e.key} was missed though it ran"
            if on in plan.skip_dates:
                assert e.state is State.SKIPPED, e
            elif not went and e.state is not State.MISSED:
                assert e.reason, e
            if e.state in (State.MISSED, State.SKIPPED, State.HELD):
                assert world.notices[e.key, f"{e.state.value}: {e.reason}"] == 1, e
    assert set(world.notices.values()) <= {1}
    return ends


@pytest.mark.seeds(8, 200, 1000)
def test_each_slot_of_a_year_has_one_record_that_says_the_truth(seed: int) -> None:
    jumps = seed % 4 == 3
    world = World(seed)
    try:
        world.live(jumps)
        check(world, jumps=jumps)
    except BaseException as error:
        error.add_note(f"replay: --seed {seed}")
        raise
