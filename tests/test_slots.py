"""Slots fall where people expect them, also when the clocks change."""

import csv
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.slots import Slot, last_due, next_slot, parse_schedule, slot_on, slots_between

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")


def days(text: str, start: date, end: date) -> list[str]:
    zone = ZoneInfo("UTC")
    first = datetime.combine(start, time(), UTC)
    last = datetime.combine(end, time(), UTC)
    return [slot.on.isoformat() for slot in slots_between(parse_schedule(text), zone, first, last)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("monday 07:30", ["2026-11-02", "2026-11-09", "2026-11-16", "2026-11-23", "2026-11-30"]),
        ("first monday 9:00", ["2026-11-02"]),
        ("last friday 09:00", ["2026-11-27"]),
        ("third Sunday 00:00", ["2026-11-15"]),
        ("monthly 09:00", ["2026-11-01"]),
    ],
)
def test_a_schedule_names_its_days(text: str, expected: list[str]) -> None:
    assert days(text, date(2026, 11, 1), date(2026, 12, 1)) == expected


def test_daily_and_weekdays() -> None:
    assert len(days("daily 06:00", date(2026, 11, 1), date(2026, 12, 1))) == 30
    assert len(days("weekdays 06:00", date(2026, 11, 1), date(2026, 12, 1))) == 21


@pytest.mark.parametrize(
    "text", ["", "monday", "07:30", "monday 24:00", "fifth monday 07:00", "x 1:00"]
)
def test_what_is_no_schedule_is_refused_with_the_forms_there_are(text: str) -> None:
    with pytest.raises(ValueError, match='"first monday 09:00"'):
        parse_schedule(text)


def test_a_time_in_the_spring_gap_moves_to_the_first_valid_instant() -> None:
    slot = slot_on(parse_schedule("sunday 02:30"), BERLIN, date(2026, 3, 29))
    assert slot.at == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert slot.note == "02:30 does not exist that day; sent at 03:00"


def test_a_time_in_the_autumn_fold_comes_once_the_first_time() -> None:
    slot = slot_on(parse_schedule("sunday 01:30"), NEW_YORK, date(2026, 11, 1))
    assert slot.at == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    assert "comes twice" in slot.note


def test_wall_time_stays_the_same_over_a_change() -> None:
    schedule = parse_schedule("monday 07:30")
    walls = {
        slot_on(schedule, BERLIN, date(2026, 10, day)).at.astimezone(BERLIN).time()
        for day in (19, 26)
    }
    assert walls == {time(7, 30)}


def test_the_newest_due_slot_and_the_next_one() -> None:
    schedule = parse_schedule("monday 07:30")
    at = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
    assert next_slot(schedule, BERLIN, at) == Slot(date(2026, 11, 23), at)
    assert last_due(schedule, BERLIN, at, timedelta(days=1)) == Slot(date(2026, 11, 23), at)
    before = at - timedelta(seconds=1)
    assert last_due(schedule, BERLIN, before, timedelta(days=1)) is None
    later = last_due(schedule, BERLIN, at + timedelta(days=6), timedelta(days=63))
    assert later is not None
    assert later.on == date(2026, 11, 23)


zones = st.sampled_from(["Europe/Berlin", "America/New_York", "Pacific/Apia", "Africa/Cairo"])
starts = st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(zones, starts, st.integers(0, 23))
def test_a_daily_slot_comes_on_every_local_date_that_exists_once(
    zone: str, start: datetime, hour: int
) -> None:
    found = slots_between(
        parse_schedule(f"daily {hour}:30"), ZoneInfo(zone), start, start + timedelta(days=10)
    )
    dates = [slot.on for slot in found]
    assert len(set(dates)) == len(dates)
    assert 9 <= len(dates) <= 11
    assert [slot.at for slot in found] == sorted(slot.at for slot in found)


def test_every_known_gap_sends_at_its_end_and_every_overlap_the_first_time(
    corpus: Callable[[str], Path],
) -> None:
    path = corpus("timezone-transitions") / "transitions.csv"
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    for row in rows:
        zone, instant = ZoneInfo(row["zone"]), datetime.fromisoformat(row["utc"])
        half = timedelta(minutes=int(row["minutes"])) / 2
        first = row["wall_before"] if row["kind"] == "gap" else row["wall_after"]
        wall = datetime.fromisoformat(first) + half
        schedule = parse_schedule(f"daily {wall:%H:%M}")
        slot = slot_on(schedule, zone, wall.date())
        expected = instant if row["kind"] == "gap" else instant - half
        assert (slot.at, slot.on) == (expected, wall.date()), row
    assert len(rows) > 4_000


def test_every_known_change_leaves_one_weekly_slot_a_week_at_the_right_wall_time(
    corpus: Callable[[str], Path],
) -> None:
    path = corpus("timezone-transitions") / "transitions.csv"
    weeks = moved = 0
    for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines()):
        zone, instant = ZoneInfo(row["zone"]), datetime.fromisoformat(row["utc"])
        first = row["wall_before"] if row["kind"] == "gap" else row["wall_after"]
        inside = datetime.fromisoformat(first) + timedelta(minutes=int(row["minutes"])) / 2
        for wall in (inside, datetime.combine(instant.astimezone(zone).date(), time())):
            schedule = parse_schedule(f"{wall:%A %H:%M}")
            span = timedelta(days=17)
            found = slots_between(schedule, zone, instant - span, instant + span)
            days = [slot.on for slot in found]
            assert wall.date() in days, row
            assert days == [days[0] + timedelta(days=7 * n) for n in range(len(days))], row
            assert len(days) in (4, 5), row
            for slot in found:
                local = slot.at.astimezone(zone)
                if "does not exist" in slot.note:
                    before = (slot.at - timedelta(seconds=1)).astimezone(zone)
                    assert before.replace(tzinfo=None) < wall.replace(
                        year=slot.on.year, month=slot.on.month, day=slot.on.day
                    ), row
                    moved += 1
                else:
                    assert (local.date(), local.time()) == (slot.on, wall.time()), row
                    assert local.fold == 0, row
            weeks += len(days)
    assert weeks > 36_000
    assert moved > 2_200
