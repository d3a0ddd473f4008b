"""What is due: the rhythm of each newsletter as decisions about values; nothing is done here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from digest.model import GOING, EditionState, Known, Past
from digest.settings import Settings
from digest.slots import Schedule, Slot, next_slot, slots_between

JUST_BEFORE = timedelta(minutes=5)  #: feeds read since then are fresh enough for an edition
LOOK_BACK = timedelta(days=63)  #: a monthly slot is never further away
KNOWN = LOOK_BACK + timedelta(days=2)  #: how far back a tick knows editions
OVERDUE = timedelta(minutes=10)  #: a slot that waits longer says that nothing runs, or fails
AROUND_THE_WORLD = timedelta(hours=26)  #: from the first zone that has a wall time to the last
WEEK = timedelta(days=7)
LASTING = ("unfinished", "draft", "held", "paused")  #: a fact for as long as it is so
THIN = "thin week"  #: how the reason of an edition with too few stories begins
_GONE = (EditionState.SENDING, EditionState.PAUSED, EditionState.SENT)
_RECORDED = (EditionState.HELD, EditionState.SKIPPED, EditionState.MISSED)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a newsletter goes out, as its settings say."""

    newsletter: str
    schedule: Schedule
    zone: ZoneInfo  #: where its slots are reckoned
    rule: str  #: schedule and zone in words; when they change, what was before is nobody's fault
    required: bool = False  #: a person approves
    skips_thin: bool = False
    draft_lead: timedelta = timedelta(hours=24)
    catch_up: timedelta = timedelta(hours=24)
    expected: timedelta = timedelta(hours=24)  #: from the slot to when all should be sent
    skip_dates: frozenset[date] = frozenset()


class Do(StrEnum):
    """What a step does."""

    OBSERVE = "observe"  #: note since when the schedule is in force
    REFRESH = "refresh"  #: read the feeds once more, just before a slot
    DRAFT = "draft"  #: build ahead, for a person to approve
    RUN = "run"  #: build, look over, approve and queue
    QUEUE = "queue"
    HOLD = "hold"
    SKIP = "skip"
    MISS = "miss"


_AHEAD = (Do.REFRESH, Do.DRAFT)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do now; each may be done twice and counts once."""

    do: Do
    newsletter: str
    slot: Slot
    edition: Known | None = None  #: the slot's edition, if there is one
    reason: str = ""

    @property
    def about(self) -> str:
        """Return what it is about, in people's words."""
        return f"{self.newsletter}@{self.slot.on.isoformat()}"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something people should know of an edition."""

    word: str
    edition: Known
    name: str  #: the fact is told once under this name


def plans(settings: Settings) -> dict[str, Plan]:
    """Return the plan of each newsletter."""
    found = {}
    for slug, newsletter in settings.newsletters.items():
        zone = settings.slot_zone(slug)
        spread = AROUND_THE_WORLD if newsletter.reader_time else timedelta()
        found[slug] = Plan(
            slug,
            newsletter.parsed_schedule,
            zone,
            f"{newsletter.schedule} {zone.key}",
            required=newsletter.approval == "required",
            skips_thin=newsletter.thin_week == "skip",
            draft_lead=newsletter.draft_lead,
            catch_up=newsletter.catch_up,
            expected=newsletter.expected_by + spread,
            skip_dates=frozenset(newsletter.skip_dates),
        )
    return found


def decide_all(plans: Mapping[str, Plan], past: Mapping[str, Past], now: datetime) -> list[Step]:
    """Return what to do now, of every newsletter and of those no longer in the config."""
    steps = [step for slug, plan in plans.items() for step in decide(plan, past.get(slug), now)]
    gone = [slug for slug in past if slug not in plans]
    steps += [step for slug in gone for step in approved(None, past[slug].editions, now)]
    return sorted(steps, key=lambda step: step.do in _AHEAD)  # what is due waits for nothing else


def decide(plan: Plan, past: Past | None, now: datetime) -> list[Step]:
    """Return what to do for one newsletter: draft ahead, what is approved, what is due."""
    steps = []
    if past is None or past.rule != plan.rule:
        steps = [Step(Do.OBSERVE, plan.newsletter, next_slot(plan.schedule, plan.zone, now))]
        past = Past(plan.rule, now, past.editions if past else ())
    by_date = {edition.on: edition for edition in past.editions}
    if now >= past.since:  # else the clock is wrong
        steps += _ahead(plan, by_date, now)
    return steps + approved(plan, past.editions, now) + _due(plan, past.since, by_date, now)


def _ahead(plan: Plan, by_date: Mapping[date, Known], now: datetime) -> list[Step]:
    """Read the feeds in the last minutes; with approval required, build ahead."""
    slot = next_slot(plan.schedule, plan.zone, now + timedelta(microseconds=1))
    there, left = by_date.get(slot.on), slot.at - now
    if slot.on in plan.skip_dates or not _open(plan, slot, there, now):
        return []
    if not plan.required:
        fresh = left <= JUST_BEFORE
        return [Step(Do.REFRESH, plan.newsletter, slot)] if fresh else []
    moved = there is not None and there.state is EditionState.DRAFT and there.at != slot.at
    early = left > plan.draft_lead or (there is not None and not moved)
    return [] if early else [Step(Do.DRAFT, plan.newsletter, slot, there)]


def approved(plan: Plan | None, editions: Iterable[Known], now: datetime) -> list[Step]:
    """Queue what is approved and due; hold what was approved in time but is too late now.

    Without a plan the newsletter is no longer in the config.
    """
    steps = []
    for e in editions:
        if e.state is not EditionState.APPROVED or e.at > now:
            continue
        slot, reason = Slot(e.on, e.at), ""
        if plan is None:
            reason = f"there is no newsletter {e.newsletter} in the config any more"
        elif e.changed_at < e.at and now - e.at > plan.catch_up:
            reason = "the program was not running at its time; send it by hand"
        steps.append(Step(Do.HOLD if reason else Do.QUEUE, e.newsletter, slot, e, reason))
    return steps


def _due(plan: Plan, since: datetime, by_date: Mapping[date, Known], now: datetime) -> list[Step]:
    """See to every slot that is over and has no record: the newest may still run, once.

    Slots from before the newsletter had this schedule are nobody's fault.
    """
    start = max(since, now - LOOK_BACK)
    slots = slots_between(plan.schedule, plan.zone, start, now + timedelta(microseconds=1))
    return [
        _see_to(plan, slot, by_date.get(slot.on), now, newest=slot == slots[-1])
        for slot in slots
        if _open(plan, slot, by_date.get(slot.on), now)
    ]


def _open(plan: Plan, slot: Slot, there: Known | None, now: datetime) -> bool:
    """Say whether nothing final is recorded for a slot.

    A thin week that was seen before its slot may have filled up since.
    """
    if there is None or there.state is EditionState.DRAFT:
        return True
    if there.state is EditionState.MISSED:  # by a clock that was ahead, and has come back
        return there.changed_at > now + JUST_BEFORE
    ahead = not plan.required and there.changed_at < slot.at
    return _is_thin(there) and (ahead or plan.skips_thin)


def _is_thin(there: Known) -> bool:
    return there.state is EditionState.HELD and there.reason.startswith(THIN)


def _see_to(plan: Plan, slot: Slot, there: Known | None, now: datetime, *, newest: bool) -> Step:
    if slot.on in plan.skip_dates:
        return Step(Do.SKIP, plan.newsletter, slot, there, "skip_dates says so")
    if there and plan.skips_thin and _is_thin(there) and there.changed_at >= slot.at:
        return Step(Do.SKIP, plan.newsletter, slot, there, there.reason)
    if not newest or now - slot.at > plan.catch_up:
        return Step(Do.MISS, plan.newsletter, slot, there, "nothing ran at its time")
    if plan.required and there and _is_thin(there):
        return Step(Do.SKIP, plan.newsletter, slot, there, there.reason)
    if plan.required:
        return Step(Do.HOLD, plan.newsletter, slot, there, "nobody approved it in time")
    return Step(Do.RUN, plan.newsletter, slot, there)


def facts(plan: Plan, editions: Iterable[Known], now: datetime) -> list[Fact]:
    """Return what people should know, whether they were told or not."""
    found = []
    for e in editions:
        if e.uncertain and e.state in _GONE:
            found.append(Fact("uncertain", e, "uncertain"))
        if e.failed and e.state is EditionState.SENT:
            found.append(Fact("failed", e, "failed"))
        if e.state in GOING and now - e.at > plan.expected:
            found.append(Fact("unfinished", e, "unfinished"))
        if e.state is not EditionState.SENT and _to_tell(plan, e, now):
            found.append(Fact(e.state.value, e, _name(e)))
    return found


def _to_tell(plan: Plan, e: Known, now: datetime) -> bool:
    """Say whether an edition's state is itself a fact people should know."""
    if e.state is EditionState.DRAFT:
        return plan.required and timedelta() < e.at - now <= plan.draft_lead
    if _is_thin(e) and plan.skips_thin and e.at <= now:
        return False  # about to be skipped
    if e.state is EditionState.HELD:  # ahead of its slot only where a person is expected to act
        return plan.required or e.at <= now
    by_hand = e.reason.startswith("paused by")
    return e.state in _RECORDED or (e.state is EditionState.PAUSED and not by_hand)


def _name(e: Known) -> str:
    """Return the name a state is told under: again when the reason, or a draft's time, changed."""
    why = e.at.isoformat() if e.state is EditionState.DRAFT else e.reason
    return f"{e.state.value}: {why}"


def untold(plans: Mapping[str, Plan], past: Mapping[str, Past], now: datetime) -> list[Fact]:
    """Return the facts nobody was told of yet, of the time a newsletter is scheduled."""
    found = []
    for slug, mine in past.items():
        for fact in facts(plans.get(slug) or _gone(slug), mine.editions, now):
            e = fact.edition
            if fact.name not in e.told and (e.state in GOING or e.changed_at >= mine.since):
                found.append(fact)
    return found


def lately(
    plans: Mapping[str, Plan], past: Mapping[str, Past], now: datetime
) -> dict[str, list[str]]:
    """Return the editions of each fact that is new since a week, and the slots that are overdue."""
    found: dict[str, list[str]] = {}
    for slug, mine in past.items():
        for fact in facts(plans.get(slug) or _gone(slug), mine.editions, now):
            if fact.word in LASTING or now - fact.edition.changed_at <= WEEK:
                found.setdefault(fact.word, []).append(fact.edition.key)
    late = overdue(decide_all(plans, past, now), now)
    return found | ({"overdue": late} if late else {})


def _gone(slug: str) -> Plan:
    """Return the plan of a newsletter that is no longer in the config: it has no slots."""
    return Plan(slug, Schedule(frozenset(), time()), ZoneInfo("UTC"), "")


def overdue(steps: Sequence[Step], now: datetime) -> list[str]:
    """Return the slots that should have been seen to by now."""
    ahead = (Do.OBSERVE, *_AHEAD)
    return [s.about for s in steps if s.do not in ahead and now - s.slot.at > OVERDUE]
