"""The ranking keeps its promises for any input."""

import math
import random
from collections.abc import Iterable
from datetime import timedelta

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from digest.model import MICRO, Article, Part, RankedStory, Reading, Story
from digest.rank import rank, unknown_weights
from digest.rank.past import Past, references
from digest.rank.signals import SIGNALS
from digest.settings import Ranking
from tests.make import NOW, an_article, an_image

START = NOW - timedelta(days=7)
PAST = references(
    Past("a.example", "", "", "", "comments", n, timedelta(days=9)) for n in (3, 30, 300)
)
WORDS = "harbour storm vote wolves chip orchestra ferry strike town fire bus law rain goal".split()


@st.composite
def weeks(draw: st.DrawFn) -> tuple[list[Article], list[Reading]]:
    found = []
    for number in range(draw(st.integers(0, 25))):
        title = " ".join(draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6)))
        moment = START + timedelta(minutes=draw(st.integers(0, 7 * 24 * 60 - 1)))
        found.append(
            an_article(
                f"{title}",
                url=f"https://news.example/{number}",
                published_at=moment,
                featured=draw(st.booleans()),
                image=an_image() if draw(st.booleans()) else None,
                words=draw(st.integers(0, 3000)),
                outlet=draw(st.sampled_from(["a.example", "b.example"])),
            )
        )
    counted = draw(st.lists(st.sampled_from(found), unique_by=lambda a: a.id)) if found else []
    readings = [
        Reading(a.id, "comments", draw(st.integers(0, 10**6)), NOW - timedelta(hours=1))
        for a in counted
    ]
    return found, readings


@given(weeks())
@settings(max_examples=200, deadline=None)
def test_parts_sum_to_the_score_and_every_article_is_in_one_story(
    week: tuple[list[Article], list[Reading]],
) -> None:
    found, readings = week
    ranked = rank(found, readings, Ranking(), START, NOW)
    for story in ranked:
        assert story.score == sum(part.micro for part in story.parts)
        assert [part.signal for part in story.parts] == [signal.name for signal in SIGNALS]
        for part, signal in zip(story.parts, SIGNALS, strict=True):
            assert abs(part.micro) <= signal.weight * MICRO
    told = [article.id for story in ranked for article in story.story.articles]
    assert sorted(told) == sorted(article.id for article in found)
    assert [story.score for story in ranked] == sorted((s.score for s in ranked), reverse=True)


@given(weeks(), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_any_order_of_the_input_gives_the_same_list(
    week: tuple[list[Article], list[Reading]], chance: random.Random
) -> None:
    found, readings = week
    expected = rank(found, readings, Ranking(), START, NOW)
    shuffled = random.Random(chance.random())
    again, counts = list(found), list(readings)
    shuffled.shuffle(again)
    shuffled.shuffle(counts)
    assert rank(again, counts, Ranking(), START, NOW) == expected


@given(weeks())
@settings(max_examples=200, deadline=None)
def test_nothing_later_than_as_of_is_read(week: tuple[list[Article], list[Reading]]) -> None:
    found, readings = week
    later = [Reading(a.id, "views", 10**7, NOW + timedelta(seconds=1)) for a in found]
    assert rank(found, readings + later, Ranking(), START, NOW) == rank(
        found, readings, Ranking(), START, NOW
    )


@given(st.integers(0, 10**6), st.integers(0, 10**6))
@settings(max_examples=200, deadline=None)
def test_a_higher_count_at_the_same_time_never_lowers_a_rank(one: int, more: int) -> None:
    low, high = sorted((one, more))
    found = [an_article(f"{a} {b}") for a, b in (("harbour", "storm"), ("chip", "law"))]

    def place(value: int) -> int:
        counts = [
            Reading(found[0].id, "comments", value, NOW),
            Reading(found[1].id, "comments", 500, NOW),
        ]
        order = [s.story.lead.id for s in rank(found, counts, Ranking(), START, NOW)]
        return order.index(found[0].id)

    assert place(high) <= place(low)


def test_counts_read_early_are_corrected_for_the_growth_to_come() -> None:
    old = an_article("Harbour storm", published_at=NOW - timedelta(days=3))
    young = an_article("Chip law", published_at=NOW - timedelta(hours=1))
    counts = [Reading(old.id, "comments", 120, NOW), Reading(young.id, "comments", 90, NOW)]
    first = rank([old, young], counts, Ranking(), START, NOW)[0]
    assert first.story.lead == young
    assert first.parts[0].fact == "90 comments read 1 h after publication, growth ×3.2"


def test_a_missing_count_is_what_its_feed_usually_gets_and_says_so() -> None:
    without, counted = an_article("Wolves vote", feed="Atlas"), an_article("Harbour storm")
    counts = [Reading(counted.id, "comments", 10, NOW)]
    entry = Past("news.example", "", "", "Atlas", "comments", 400, timedelta(days=9))
    past = references([entry] * 20)
    ranked = rank([without, counted], counts, Ranking(), START, NOW, past=past)
    assert ranked[0].story.lead == without
    assert ranked[0].parts[0].fact == "no counts; the usual of Atlas stands in"
    assert ranked[0].parts[0].micro == round(math.log(401) * MICRO)


def test_without_a_past_a_missing_count_is_not_a_count_of_zero() -> None:
    without, counted = an_article("Wolves vote"), an_article("Harbour storm")
    counts = [Reading(counted.id, "comments", 2, NOW)]
    first = rank([without, counted], counts, Ranking(), START, NOW)[0]
    assert first.story.lead == without
    assert first.parts[0].fact == "no counts"


def test_no_counts_at_all_is_said() -> None:
    (only,) = rank([an_article()], [], Ranking(), START, NOW)
    assert only.parts[0].fact == "no counts"
    assert only.parts[0].micro == 0


def test_a_featured_article_beats_an_equal_one() -> None:
    plain, featured = an_article("Harbour storm"), an_article("Chip law", featured=True)
    assert rank([plain, featured], [], Ranking(), START, NOW)[0].story.lead == featured


def test_what_earlier_editions_had_only_shows_which_stories_go_on() -> None:
    before = an_article("Ferry sinks off Sulawesi", published_at=NOW - timedelta(days=7, hours=2))
    after = an_article("Ferry off Sulawesi sank", published_at=NOW - timedelta(days=6))
    (story,) = rank([after], [], Ranking(), START, NOW, [before])
    assert story.story.lead == after
    assert story.story.earlier == (before.id,)


def test_a_weight_in_the_settings_counts() -> None:
    article = an_article(featured=True)
    (story,) = rank([article], [], Ranking(weights={"editor": 7.5}), START, NOW)
    assert {p.signal: p.micro for p in story.parts}["editor"] == 7_500_000
    assert unknown_weights({"editor": 1, "fame": 2}) == ["fame"]


def _layers(ranked: Iterable[RankedStory]) -> set[tuple[Story, Part]]:
    """Return what was joined: each story, and what is told of its saga."""
    return {(s.story, next(p for p in s.parts if p.signal == "coverage")) for s in ranked}


@given(weeks(), st.integers(1, 400))
@settings(max_examples=200, deadline=None)
def test_an_article_of_its_own_story_never_changes_the_order_of_the_others(
    week: tuple[list[Article], list[Reading]], value: int
) -> None:
    found, readings = week
    before = rank(found, readings, Ranking(), START, NOW, past=PAST)
    assume("a.example" in {article.outlet for article in found})
    apart = an_article("zzz", url="https://a.example/z", outlet="a.example", published_at=NOW)
    readings = [*readings, Reading(apart.id, "comments", value, NOW)]
    after = rank([*found, apart], readings, Ranking(), START, NOW, past=PAST)
    others = [s.story.lead.id for s in after if s.story.lead != apart]
    assume(_layers(s for s in after if s.story.lead != apart) == _layers(before))
    assert others == [s.story.lead.id for s in before]


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=8), st.integers(0, 10**6), st.data())
@settings(max_examples=200, deadline=None)
def test_a_higher_count_never_lowers_a_rank_among_counted_stories(
    values: list[int], more: int, data: st.DataObject
) -> None:
    found = [an_article(w, url=f"https://news.example/{w}") for w in WORDS[: len(values)]]
    chosen = data.draw(st.integers(0, len(values) - 1))

    def place(counts: list[int]) -> int:
        readings = [Reading(a.id, "views", v, NOW) for a, v in zip(found, counts, strict=True)]
        order = [s.story.lead.id for s in rank(found, readings, Ranking(), START, NOW, past=PAST)]
        return order.index(found[chosen].id)

    raised = [v + more if n == chosen else v for n, v in enumerate(values)]
    assert place(raised) <= place(values)


def test_clicks_speak_only_where_there_are_any() -> None:
    plain, followed = an_article("Chip law", author="Bo"), an_article("Wolves vote", author="Ada")
    shown = Past("", "Ada", "", "", "", 0, timedelta(), clicks=90, expected=20.0)
    past = references([shown])
    first = rank([plain, followed], [], Ranking(), START, NOW, past=past)[0]
    assert first.story.lead == followed
    assert "author Ada: ×3.3 the expected clicks" in [part.fact for part in first.parts]


def test_a_live_page_says_less_than_an_article() -> None:
    live = an_article("Chip law", url="https://news.example/live/chip-law")
    article = an_article("Wolves vote", url="https://news.example/wolves-vote")
    first, second = rank([live, article], [], Ranking(), START, NOW)
    assert first.story.lead == article
    assert "a live page, video or gallery" in next(
        part.fact for part in second.parts if part.signal == "substance"
    )
