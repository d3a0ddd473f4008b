"""What is due, decided on values: ahead, at the slot, too late, and with a clock gone wrong."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from digest import rhythm
from digest.model import EditionState, Known, Past
from digest.rhythm import Do, Plan
from digest.slots import parse_schedule

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def a_plan(rule: str = "monday 07:30", **given: Any) -> Plan:
    return Plan("weekly", parse_schedule(rule), BERLIN, rule, **given)


def an_edition(state: str, at: datetime = MONDAY, **given: Any) -> Known:
    changed = given.pop("changed_at", at - HOUR)
    on = at.astimezone(BERLIN).date()
    return Known(1, "weekly", on, at, EditionState(state), changed, **given)


def due(plan: Plan, now: datetime, *editions: Known, since: datetime | None = None) -> list[str]:
    past = Past(plan.rule, since or MONDAY - 30 * DAY, editions)
    return [f"{step.do} {step.slot.on}" for step in rhythm.decide(plan, past, now)]


def done(*days: int) -> list[Known]:
    return [an_edition("sent", MONDAY - timedelta(days=n)) for n in days]


def test_nothing_is_due_between_two_slots() -> None:
    assert due(a_plan(), MONDAY + DAY, *done(0, 7, 14, 21, 28)) == []


def test_the_newest_slot_runs_once_and_older_ones_are_missed() -> None:
    steps = due(a_plan("daily 07:30"), MONDAY + HOUR, since=MONDAY - 2 * DAY)
    assert steps == ["miss 2026-11-21", "miss 2026-11-22", "run 2026-11-23"]


def test_after_catch_up_the_newest_is_missed_too() -> None:
    assert due(a_plan(), MONDAY + 30 * HOUR, *done(7, 14, 21, 28)) == ["miss 2026-11-23"]
    assert due(a_plan(), MONDAY + 24 * HOUR, *done(7, 14, 21, 28)) == ["run 2026-11-23"]


@pytest.mark.parametrize(
    "state",
    "approved filling sending paused sent held skipped cancelled missed".split(),
)
def test_a_slot_with_a_record_is_never_built_again(state: str) -> None:
    there = an_edition(state, changed_at=MONDAY + timedelta(minutes=1))
    steps = due(a_plan(), MONDAY + HOUR, there, *done(7, 14, 21, 28))
    assert steps == (["queue 2026-11-23"] if state == "approved" else [])


def test_a_thin_week_seen_before_its_slot_is_built_again_at_its_slot() -> None:
    there = an_edition("held", reason="thin week: 2 of at least 3 stories")
    assert due(a_plan(), MONDAY, there, *done(7, 14, 21, 28)) == ["run 2026-11-23"]
    assert due(a_plan(), MONDAY - HOUR, there, *done(7, 14, 21, 28)) == []
    other = an_edition("held", reason="links: one leads nowhere")
    assert due(a_plan(), MONDAY, other, *done(7, 14, 21, 28)) == []


@pytest.mark.parametrize("required", [False, True])
def test_a_thin_week_is_skipped_if_that_is_the_rule_also_after_a_crash(required: bool) -> None:
    plan, rest = a_plan(skips_thin=True, required=required), done(7, 14, 21, 28)
    at_its_slot = an_edition("held", reason="thin week: 2", changed_at=MONDAY)
    assert due(plan, MONDAY + 3 * DAY, at_its_slot, *rest) == ["skip 2026-11-23"]
    ahead = an_edition("held", reason="thin week: 2")
    assert due(plan, MONDAY, ahead, *rest) == [f"{'skip' if required else 'run'} 2026-11-23"]
    assert told(plan, MONDAY, ahead) == []


def test_a_skipped_date_is_skipped_also_when_it_is_late() -> None:
    plan = a_plan(skip_dates=frozenset({date(2026, 11, 23)}))
    assert due(plan, MONDAY - 3 * timedelta(minutes=1), *done(7, 14, 21, 28)) == []
    assert due(plan, MONDAY, *done(7, 14, 21, 28)) == ["skip 2026-11-23"]
    assert due(plan, MONDAY + 5 * DAY, *done(7, 14, 21, 28)) == ["skip 2026-11-23"]


def test_with_approval_required_a_draft_is_built_ahead_and_held_at_its_slot() -> None:
    plan, past = a_plan(required=True), done(7, 14, 21, 28)
    assert due(plan, MONDAY - 25 * HOUR, *past) == []
    assert due(plan, MONDAY - 24 * HOUR, *past) == ["draft 2026-11-23"]
    assert due(plan, MONDAY - HOUR, an_edition("draft"), *past) == []
    assert due(plan, MONDAY, an_edition("draft"), *past) == ["hold 2026-11-23"]
    assert due(plan, MONDAY, *past) == ["hold 2026-11-23"]


def test_a_schedule_edited_on_the_day_moves_a_draft_that_waits() -> None:
    plan = replace(a_plan("monday 18:00", required=True), rule="monday 18:00")
    steps = due(plan, MONDAY - HOUR, an_edition("draft"), since=MONDAY - HOUR)
    assert steps == ["draft 2026-11-23"]
    assert due(plan, MONDAY + HOUR, an_edition("sent"), since=MONDAY - HOUR) == []


def test_another_rule_makes_no_slot_of_the_past_due() -> None:
    past = Past("tuesday 07:30", MONDAY - 30 * DAY, ())
    steps = rhythm.decide(a_plan(), past, MONDAY + HOUR)
    assert [step.do for step in steps] == [Do.OBSERVE]


def test_approved_in_time_but_too_late_to_send_is_held_and_approved_late_is_sent() -> None:
    rest = done(7, 14, 21, 28)
    assert due(a_plan(), MONDAY + 2 * DAY, an_edition("approved"), *rest) == ["hold 2026-11-23"]
    late = an_edition("approved", changed_at=MONDAY + 2 * DAY)
    assert due(a_plan(), MONDAY + 2 * DAY, late, *rest) == ["queue 2026-11-23"]


def test_what_is_approved_of_a_newsletter_no_longer_in_the_config_is_held() -> None:
    past = {"old": Past("", MONDAY, (replace(an_edition("approved"), newsletter="old"),))}
    (step,) = rhythm.decide_all({}, past, MONDAY)
    assert (step.do, step.about) == (Do.HOLD, "old@2026-11-23")
    assert "no newsletter old" in step.reason


@pytest.mark.parametrize("jump", [-HOUR, -DAY, datetime(1970, 1, 1, tzinfo=UTC) - MONDAY])
@pytest.mark.parametrize("required", [False, True])
def test_a_clock_that_is_behind_does_nothing_and_loses_nothing(
    jump: timedelta, required: bool
) -> None:
    plan, rest = a_plan(required=required), done(7, 14, 21, 28)
    sent = an_edition("sent", changed_at=MONDAY)
    before = [s for s in due(plan, MONDAY + jump, sent, *rest) if not s.startswith("draft 19")]
    assert before == []
    assert due(plan, MONDAY + HOUR, sent, *rest) == []
    assert len(due(plan, MONDAY + HOUR, *rest)) == 1


def test_what_a_clock_that_was_ahead_called_missed_is_open_again() -> None:
    wrong = an_edition("missed", changed_at=MONDAY + 40 * DAY)
    assert due(a_plan(), MONDAY, wrong, *done(7, 14, 21, 28)) == ["run 2026-11-23"]
    right = an_edition("missed", changed_at=MONDAY + 2 * DAY)
    assert due(a_plan(), MONDAY + 3 * DAY, right, *done(7, 14, 21, 28)) == []


def told(plan: Plan, now: datetime, *editions: Known) -> list[str]:
    past = {"weekly": Past(plan.rule, MONDAY - 30 * DAY, editions)}
    return [fact.name for fact in rhythm.untold({"weekly": plan}, past, now)]


@pytest.mark.parametrize(
    ("edition", "expected"),
    [
        (an_edition("held", reason="thin week: 0"), ["held: thin week: 0"]),
        (an_edition("missed", reason="late"), ["missed: late"]),
        (an_edition("skipped", reason="by Ann"), ["skipped: by Ann"]),
        (an_edition("paused", reason="535 no"), ["paused: 535 no"]),
        (an_edition("paused", reason="paused by Ann"), []),
        (an_edition("sent", uncertain=True, failed=True), ["uncertain", "failed"]),
        (an_edition("sending", failed=True), []),
        (an_edition("sent"), []),
        (an_edition("draft"), []),
    ],
)
def test_each_fact_is_told_once(edition: Known, expected: list[str]) -> None:
    assert told(a_plan(), MONDAY + HOUR, edition) == expected
    again = replace(edition, told=frozenset(expected))
    assert told(a_plan(), MONDAY + HOUR, again) == []


def test_what_is_unfinished_by_its_time_is_told() -> None:
    plan = a_plan(expected=2 * HOUR)
    assert told(plan, MONDAY + 2 * HOUR, an_edition("sending")) == []
    assert told(plan, MONDAY + 3 * HOUR, an_edition("sending")) == ["unfinished"]


def test_a_draft_is_told_ahead_only_where_somebody_approves() -> None:
    names = told(a_plan(required=True), MONDAY - HOUR, an_edition("draft"))
    assert names == [f"draft: {MONDAY.isoformat()}"]
    assert told(a_plan(), MONDAY - HOUR, an_edition("draft")) == []


def test_a_thin_week_ahead_is_told_only_where_somebody_approves() -> None:
    thin = an_edition("held", reason="thin week: 1")
    assert told(a_plan(), MONDAY - HOUR, thin) == []
    assert told(a_plan(required=True), MONDAY - HOUR, thin) == ["held: thin week: 1"]


def test_what_is_due_comes_before_what_is_built_ahead_of_every_newsletter() -> None:
    first, second = a_plan("daily 07:30", required=True), a_plan("daily 07:30")
    plans = {
        "first": replace(first, newsletter="first"),
        "second": replace(second, newsletter="second"),
    }
    past = {slug: Past("daily 07:30", MONDAY, ()) for slug in plans}
    steps = rhythm.decide_all(plans, past, MONDAY)
    assert [(s.do.value, s.newsletter) for s in steps] == [
        ("hold", "first"),
        ("run", "second"),
        ("draft", "first"),
    ]


def test_a_slot_that_waits_for_ten_minutes_is_overdue() -> None:
    past = {"weekly": Past("monday 07:30", MONDAY - DAY, ())}
    soon, late = MONDAY + timedelta(minutes=9), MONDAY + timedelta(minutes=11)
    assert "overdue" not in rhythm.lately({"weekly": a_plan()}, past, soon)
    assert rhythm.lately({"weekly": a_plan()}, past, late)["overdue"] == ["weekly@2026-11-23"]
