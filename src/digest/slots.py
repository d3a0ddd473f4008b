"""Calendar arithmetic: when a newsletter's slots fall, in local time and as instants."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import takewhile
from zoneinfo import ZoneInfo

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NTH = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
FIRST_ZONE = ZoneInfo("Pacific/Kiritimati")  #: any wall time comes here first, 14 h before UTC
FORMS = '"monday 07:30", "daily 06:00", "weekdays 06:00", "first monday 09:00", "monthly 09:00"'


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a newsletter goes out: which local dates, at what wall time."""

    weekdays: frozenset[int]  #: 0 Monday … 6 Sunday; empty: by day of the month
    at: time
    nth: int = 0  #: 0 every week; 1-4 the nth such weekday of a month; -1 the last
    monthly: bool = False  #: on the first day of each month

    def falls_on(self, day: date) -> bool:
        """Say whether `day` has a slot."""
        if self.monthly:
            return day.day == 1
        if day.weekday() not in self.weekdays:
            return False
        if self.nth == -1:
            return (day + timedelta(days=7)).month != day.month
        return self.nth in (0, (day.day + 6) // 7)


@dataclass(frozen=True, slots=True)
class Slot:
    """One scheduled occurrence: its local date is its key, the instant is in UTC."""

    on: date
    at: datetime
    note: str = ""  #: what daylight saving did to the wall time, if anything


def parse_schedule(text: str) -> Schedule:
    """Read a schedule such as "monday 07:30"; ValueError says which forms there are."""
    *names, clock = text.lower().split() or [""]
    found = _TIME.fullmatch(clock)
    if not found or not names:
        raise ValueError(f"{text!r} is not a schedule; write one of {FORMS}")
    at = time(int(found[1]), int(found[2]))
    match names:
        case ["daily"]:
            return Schedule(frozenset(range(7)), at)
        case ["weekdays"]:
            return Schedule(frozenset(range(5)), at)
        case ["monthly"]:
            return Schedule(frozenset(), at, monthly=True)
        case [day] if day in _DAYS:
            return Schedule(frozenset({_DAYS.index(day)}), at)
        case [nth, day] if nth in _NTH and day in _DAYS:
            return Schedule(frozenset({_DAYS.index(day)}), at, nth=_NTH[nth])
    raise ValueError(f"{text!r} is not a schedule; write one of {FORMS}")


@lru_cache(4096)  # each tick asks for the days of two months
def slot_on(schedule: Schedule, zone: ZoneInfo, day: date) -> Slot:
    """Return the slot of one local date.

    A wall time inside a spring gap moves to the first valid instant, one inside an autumn
    fold is taken once, the first time.
    """
    wall = datetime.combine(day, schedule.at, tzinfo=zone)  # fold=0: the first of two
    instant = wall.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) != wall.replace(tzinfo=None):
        instant = _first_valid(wall, zone)
        shown = instant.astimezone(zone).strftime("%H:%M")
        return Slot(day, instant, f"{schedule.at:%H:%M} does not exist that day; sent at {shown}")
    if wall.replace(fold=1).utcoffset() != wall.utcoffset():
        return Slot(day, instant, f"{schedule.at:%H:%M} comes twice that day; sent the first time")
    return Slot(day, instant)


def _first_valid(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant at which a gap ends: both readings of `wall` lie either side of it."""
    before = wall.replace(fold=1).astimezone(UTC)
    after = wall.replace(fold=0).astimezone(UTC)
    low, high = min(before, after), max(before, after)
    offset = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)


def slots_from(schedule: Schedule, zone: ZoneInfo, start: datetime) -> Iterator[Slot]:
    """Yield the slots at or after `start`, in order, without end."""
    day = start.astimezone(zone).date() - timedelta(days=1)
    while True:
        if schedule.falls_on(day) and (slot := slot_on(schedule, zone, day)).at >= start:
            yield slot
        day += timedelta(days=1)


def slots_between(schedule: Schedule, zone: ZoneInfo, start: datetime, end: datetime) -> list[Slot]:
    """Return the slots whose instant lies in `[start, end)`, in order."""
    return list(takewhile(lambda slot: slot.at < end, slots_from(schedule, zone, start)))


def next_slot(schedule: Schedule, zone: ZoneInfo, now: datetime) -> Slot:
    """Return the first slot at or after `now`; a schedule always has one within 62 days."""
    return next(slots_from(schedule, zone, now))


def last_due(schedule: Schedule, zone: ZoneInfo, now: datetime, within: timedelta) -> Slot | None:
    """Return the newest slot at or before `now` and not older than `within`, if any."""
    found = slots_between(schedule, zone, now - within, now + timedelta(microseconds=1))
    return found[-1] if found else None
