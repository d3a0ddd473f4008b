"""The past gives usual values, and few articles say little."""

import math
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.rank.past import GROWTH, Past, growth, points, references

OLD = timedelta(days=9)


def past(value: int, **given: object) -> Past:
    fields = {"outlet": "a.example", "author": "", "category": "", "feed": "Atlas"}
    return Past(**(fields | {"metric": "comments", "value": value, "age": OLD} | given))  # type: ignore[arg-type]


def test_the_curve_is_the_measured_one_between_its_points() -> None:
    assert growth(timedelta(hours=3)) == 0.54
    assert growth(timedelta(hours=1.5)) == pytest.approx((1.15 + 0.73) / 2)
    assert growth(timedelta(days=30)) == 0.0
    assert growth(-timedelta(hours=1)) == GROWTH[0][1]


@given(st.floats(0, 60), st.floats(0, 60))
@settings(max_examples=200)
def test_growth_never_rises_with_age(one: float, other: float) -> None:
    young, old = sorted((one, other))
    assert growth(timedelta(hours=young)) >= growth(timedelta(hours=old))


def test_nothing_is_known_without_counts() -> None:
    assert references([]).usual is None
    assert references([past(0, metric="")]).usual is None


def test_unlike_counts_are_brought_to_one_scale_by_their_medians() -> None:
    views = [past(10_000, metric="views", feed="Big") for _ in range(200)]
    known = references([*views, *(past(10) for _ in range(200))])
    lifted = points(10, OLD) - known.above["Atlas", "comments"]
    lowered = points(10_000, OLD) - known.above["Big", "views"]
    assert abs(lifted - lowered) < 0.4 < points(10_000, OLD) - points(10, OLD)


def test_an_outlet_with_few_articles_is_near_the_mean() -> None:
    many = [past(1000, outlet="many.example") for _ in range(100)]
    few = [past(1000, outlet="few.example")]
    rest = [past(10, outlet="rest.example") for _ in range(100)]
    known = references([*many, *few, *rest]).outlets
    assert known["many.example"] > 5 * known["few.example"] > 0 > known["rest.example"]


def test_clicks_count_by_what_their_place_makes_one_expect() -> None:
    shown = [
        past(0, metric="", author="Ada", clicks=40, expected=20.0),
        past(0, metric="", author="Bo", clicks=40, expected=80.0),
    ]
    known = references(shown).clicked
    assert known["author Ada"] == pytest.approx(math.log(50 / 30))
    assert known["author Bo"] < 0
