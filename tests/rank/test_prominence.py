"""A front page says what its editors find important, and counts take over as they ripen."""

from datetime import timedelta

import pytest

from digest.model import Article, RankedStory, Reading
from digest.rank import rank
from digest.settings import Ranking
from tests.make import NOW, an_article

START = NOW - timedelta(days=7)
TITLES = ("Harbour storm floods quay", "Chip law passes", "Wolves return", "Orchestra on strike")


def articles(hours: int = 60) -> list[Article]:
    moment = NOW - timedelta(hours=hours)
    return [
        an_article(title, url=f"https://news.example/{n}", published_at=moment)
        for n, title in enumerate(TITLES)
    ]


def look(article: Article, place: int, hours_ago: float, page: str = "position:1") -> Reading:
    return Reading(article.id, page, place, NOW - timedelta(hours=hours_ago))


def ranked(found: list[Article], readings: list[Reading]) -> list[RankedStory]:
    return rank(found, readings, Ranking(), START, NOW)


def part(story: RankedStory) -> tuple[int, str]:
    found = next(part for part in story.parts if part.signal == "prominence")
    return found.micro, found.fact


@pytest.mark.parametrize("pictured", [0, 1, 2, 3])
def test_after_one_look_the_front_pages_lead_leads(pictured: int) -> None:
    found = articles()
    found[pictured] = an_article(
        TITLES[pictured], url=f"https://news.example/{pictured}", words=900,
        published_at=NOW - timedelta(hours=1),
    )  # fmt: skip
    readings = [look(article, place, 2) for place, article in enumerate(found, 1)]
    leads = [story.story.lead.title for story in ranked(found, readings)]
    assert leads[0] == TITLES[0]


def test_a_place_held_for_long_beats_a_better_one_held_briefly() -> None:
    found = articles()
    readings = [look(found[0], 1, hours) for hours in (50, 49)] + [look(found[0], 0, 48)]
    readings += [look(found[1], 4, hours) for hours in range(50, 10, -1)] + [look(found[1], 0, 10)]
    first, second, *rest = ranked(found, readings)
    assert (first.story.lead, second.story.lead) == (found[1], found[0])
    assert part(first)[1] == "number 4 on the front page at best, there for 40 h"
    assert all(part(story) == (-1_500_000, "not seen on the front page") for story in rest)


def test_a_gap_in_the_watch_counts_three_hours_at_most() -> None:
    found = articles()
    readings = [look(found[0], 1, hours) for hours in (40, 20, 1)]
    assert part(ranked(found, readings)[0])[1].endswith("there for 6 h, still there")


def test_an_outlet_nobody_watches_is_neither_praised_nor_blamed() -> None:
    found = articles()
    other = an_article("Ferry sinks", url="https://other.example/1", outlet="other.example")
    readings = [look(found[0], 1, hours) for hours in range(9)]
    story = next(s for s in ranked([*found, other], readings) if s.story.lead == other)
    assert part(story) == (0, "")


def test_while_a_count_is_young_the_place_adds_to_it_and_later_no_more() -> None:
    def lead_of(hours: int) -> int:
        found = articles(hours)
        readings = [Reading(a.id, "comments", 50, NOW) for a in found]
        readings += [look(a, place, 0.5) for place, a in enumerate(found, 1)]
        return part(ranked(found, readings)[0])[0]

    assert lead_of(2) > lead_of(10) > lead_of(30) >= 0
    assert lead_of(100) == 0


def test_on_two_pages_the_one_that_gave_most_counts() -> None:
    found = articles()
    readings = [look(found[0], 9, hours, "position:1") for hours in range(9)]
    readings += [look(found[0], 2, hours, "position:2") for hours in range(9)]
    assert part(ranked(found, readings)[0])[1].startswith("number 2 on the front page")
