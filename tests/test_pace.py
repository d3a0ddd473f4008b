"""How fast a drain goes, by a clock of our own."""

from datetime import timedelta

import pytest

from digest.pipeline.pace import Pace


class Hand:
    """A monotonic clock moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> Hand:
    clock = Hand()
    monkeypatch.setattr("digest.pipeline.pace.time", clock)
    return clock


def sent_in(pace: Pace, hand: Hand, seconds: float) -> int:
    """Start what may start, every tenth of a second."""
    count, end = 0, hand.now + seconds
    while hand.now < end - 1e-6:
        for _ in range(pace.allowed()):
            pace.started()
            count += 1
        hand.now += 0.1
    return count


def test_a_rate_is_kept_to_over_a_minute(hand: Hand) -> None:
    pace = Pace("20/s", timedelta(), timedelta(), 4)
    assert sent_in(pace, hand, 60) == pytest.approx(1200, abs=2)


def test_a_pause_is_not_made_up_for(hand: Hand) -> None:
    pace = Pace("20/s", timedelta(), timedelta(), 4)
    sent_in(pace, hand, 1)
    hand.now += 3600
    assert pace.allowed() <= 5


def test_while_it_warms_up_the_rate_rises_evenly(hand: Hand) -> None:
    pace = Pace("100/s", timedelta(seconds=100), timedelta(), 4)
    tenths = [sent_in(pace, hand, 10) for _ in range(12)]
    assert tenths[0] == pytest.approx(65, abs=20)  # never less than a twentieth
    for number in range(1, 10):
        assert tenths[number] == pytest.approx(100 * (number + 0.5), rel=0.1)
    assert tenths[11] == pytest.approx(1000, abs=5)


def test_an_edition_that_goes_on_does_not_warm_up_again(hand: Hand) -> None:
    pace = Pace("100/s", timedelta(seconds=100), timedelta(hours=1), 4)
    assert sent_in(pace, hand, 10) == pytest.approx(1000, abs=12)


def test_no_more_is_claimed_than_goes_out_before_the_claim_lapses(hand: Hand) -> None:
    pace = Pace("1/m", timedelta(), timedelta(), 4)
    assert pace.to_claim(0) == 1
    assert pace.to_claim(8) == 0


def test_claims_grow_while_they_are_used_up_quickly(hand: Hand) -> None:
    pace = Pace("", timedelta(), timedelta(), 4)
    claims = []
    for _ in range(12):
        claims.append(pace.to_claim(0))
        hand.now += 0.1
    assert claims == sorted(claims)
    assert claims[-1] == 500
    hand.now += 60
    assert pace.to_claim(0) == 250
