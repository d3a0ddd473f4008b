from datetime import timedelta

import pytest

from digest.deliver.pacing import Width, all_refused, parse_rate, reply_class, retry_after, warmed
from digest.errors import ConfigError


def test_the_waits_grow_and_end_within_a_day() -> None:
    waits: list[timedelta] = []
    while (wait := retry_after(len(waits) + 1)) is not None:
        waits.append(wait)
    minutes = [wait / timedelta(minutes=1) for wait in waits]
    assert minutes == [5, 15, 30, 60, 120, 240, 240, 240, 240, 240]
    assert timedelta(hours=23) < sum(waits, timedelta()) <= timedelta(hours=24)
    assert retry_after(1000) is None


def test_age_ends_it_after_the_third_attempt_at_the_earliest() -> None:
    days = timedelta(days=3)
    assert retry_after(2, days) == timedelta(minutes=15)
    assert retry_after(3, days) is None
    assert retry_after(3, timedelta(hours=23)) == timedelta(minutes=30)


def test_there_is_no_wait_before_the_first_attempt() -> None:
    with pytest.raises(ValueError, match="first"):
        retry_after(0)


@pytest.mark.parametrize(
    ("rate", "seconds"), [("", 0), ("20/s", 0.05), ("5000/h", 0.72), ("60/m", 1), ("1/h", 3600)]
)
def test_a_rate_is_a_span_between_messages(rate: str, seconds: float) -> None:
    assert parse_rate(rate) == pytest.approx(seconds)


@pytest.mark.parametrize("rate", ["0/s", "20", "20/d", "-1/s", "20/s ", "٣/s", "1.5/s"])
def test_a_strange_rate_is_refused(rate: str) -> None:
    with pytest.raises(ConfigError, match="20/s"):
        parse_rate(rate)


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        ("550 5.1.1 no such user", "550 5.1.1"),
        ("451 try later", "451"),
        ("550-5.7.1 go away", "550-5.7.1"),
        ("not sent: the token is short", "not sent"),
        ("", ""),
    ],
)
def test_a_reply_has_a_class(reply: str, found: str) -> None:
    assert reply_class(reply) == found


def refusals(count: int, domains: int, reply: str = "554 5.7.1 no") -> list[tuple[str, str]]:
    return [(f"r{n}@d{n % domains}.example", f"{reply} to r{n}") for n in range(count)]


def test_ten_equal_refusals_over_three_domains_are_about_us() -> None:
    assert all_refused(refusals(10, 3)) == "554 5.7.1"
    assert all_refused(refusals(40, 5)) == "554 5.7.1"


def test_fewer_or_different_refusals_or_one_provider_are_not() -> None:
    assert all_refused(refusals(9, 3)) == ""
    assert all_refused(refusals(40, 2)) == ""
    assert all_refused([*refusals(9, 3), ("x@else.example", "550 5.1.1 no such user")]) == ""


def test_a_rate_warms_up_evenly_from_a_twentieth() -> None:
    hour = timedelta(hours=1)
    spans = [warmed(0.1, hour, hour * share / 20) for share in (0, 1, 10, 20, 40)]
    assert spans == pytest.approx([2.0, 2.0, 0.2, 0.1, 0.1])
    assert warmed(0.1, timedelta(), timedelta()) == 0.1


def test_connections_fall_at_once_and_rise_one_by_one() -> None:
    width = Width(4)
    assert width.at(0) == 4
    width.narrow(2, 0)
    assert [width.at(second) for second in (1, 9, 10, 11, 20, 30, 60)] == [2, 2, 3, 3, 4, 4, 4]
    width.narrow(0, 60)
    assert width.at(61) == 1
