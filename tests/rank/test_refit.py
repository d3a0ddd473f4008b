"""An installation's own counts give its own growth curve, when there are enough of them."""

import math
from datetime import timedelta

from digest.model import Reading
from digest.rank.refit import LEAST, refit
from tests.make import NOW


def counted(articles: int, *, final_age: float = 50.0) -> list[Reading]:
    """Return readings of articles whose counts double from 3 h on."""
    found = []
    for number in range(articles):
        for hours, value in ((3, 99), (12, 149), (final_age, 199)):
            read_at = NOW + timedelta(hours=hours)
            found.append(Reading(f"a{number}", "comments", value, read_at))
    return found


def test_the_curve_is_the_mean_log_of_final_over_known() -> None:
    readings = counted(LEAST)
    points, articles = refit(readings, {f"a{n}": NOW for n in range(LEAST)})
    by_age = {point.hours: point.growth for point in points}
    assert articles == LEAST
    assert by_age[3.0] == round(math.log(200 / 100), 3)
    assert by_age[12.0] == round(math.log(200 / 150), 3)
    assert 0.5 not in by_age


def test_too_few_articles_give_no_point() -> None:
    published = {f"a{n}": NOW for n in range(LEAST)}
    assert refit(counted(LEAST - 1), published) == ([], LEAST - 1)
    assert refit(counted(LEAST, final_age=40.0), published) == ([], 0)
    assert refit([], {}) == ([], 0)


def test_the_curve_never_rises() -> None:
    readings = []
    for number in range(LEAST):
        for hours, value in ((3, 190), (12, 99), (50, 199)):
            readings.append(Reading(f"a{number}", "views", value, NOW + timedelta(hours=hours)))
    points, _ = refit(readings, {f"a{n}": NOW for n in range(LEAST)})
    grown = [point.growth for point in points]
    assert grown == sorted(grown, reverse=True)
