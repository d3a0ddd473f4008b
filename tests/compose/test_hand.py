"""What an editor decides holds, whatever the scores, the caps and earlier editions say."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from digest.compose import Brief, compose
from digest.compose.hand import shifted
from digest.compose.sections import Used
from digest.model import Article, Edition, Override, Part, RankedStory
from digest.settings import Newsletter, Ranking, SectionRule
from tests.make import NOW, a_story, an_article

START = NOW - timedelta(days=7)
SECTIONS = (SectionRule(category="C1", stories=2), SectionRule(category="C2", title="Two"))


def stories(count: int, **given: Any) -> list[RankedStory]:
    return [
        a_story(
            f"Story number {n}",
            author=f"Author {n}",
            parts=(Part("audience", (100 - n) * 10**6),),
            **{"categories": (f"C{n % 5}",)} | given,
        )
        for n in range(count)
    ]


def lay_out(
    ranked: Sequence[RankedStory],
    overrides: Sequence[Override] = (),
    used: Used | None = None,
    apart: Sequence[Article] = (),
    **given: Any,
) -> Edition:
    values: dict[str, Any] = {"title": "The Week", "top_stories": 5, "sections": ()}
    newsletter = Newsletter(**values | given)
    brief = Brief("weekly", date(2026, 11, 23), NOW, START, NOW)
    return compose(brief, newsletter, ranked, used or Used(), apart, (), overrides)


def place(story: RankedStory | Article, to: str = "top", number: int = 0) -> Override:
    article = story.story.lead if isinstance(story, RankedStory) else story
    return Override("place", {"to": to, "place": number}, "ada", NOW, article.id)


def leads(edition: Edition) -> list[str]:
    return [placed.lead.id for placed in edition.top_stories]


def reasons(edition: Edition) -> dict[str, str]:
    return {left.article_id: left.reason for left in edition.left_out}


def test_a_pinned_article_takes_exactly_its_place_and_says_who_pinned_it() -> None:
    ranked = stories(10)
    edition = lay_out(ranked, [place(ranked[9], number=2)])
    assert leads(edition) == [ranked[n].story.lead.id for n in (0, 9, 1, 2, 3)]
    assert edition.top_stories[1].note == "pinned to place 2 by ada"


def test_a_pin_beats_the_caps_and_counts_towards_them() -> None:
    ranked = stories(9)
    same = [a_story(f"By one hand {n}", author="Ada", parts=()) for n in range(3)]
    edition = lay_out([*same, *ranked], [place(s, number=n) for n, s in enumerate(same, 1)])
    assert leads(edition)[:3] == [s.story.lead.id for s in same]
    late = a_story("By the same hand", author="Ada", parts=(Part("audience", 10**9),))
    again = lay_out([late, *same, *ranked], [place(s) for s in same])
    assert reasons(again)[late.story.lead.id] == "cap reached: 2 by author Ada"


def test_a_pinned_article_may_have_been_sent_already() -> None:
    ranked = stories(6)
    used = Used({ranked[5].story.lead.id: "weekly@2026-11-16"}, {"weekly@2026-11-16": START})
    assert leads(lay_out(ranked, [place(ranked[5], number=1)], used))[0] == ranked[5].story.lead.id


def test_a_pinned_teller_leads_its_story_which_comes_once() -> None:
    other = an_article("Ferry raised by night")
    story = a_story("Ferry raised", others=(other,))
    edition = lay_out([story, *stories(6)], [place(other, number=3)])
    assert leads(edition)[2] == other.id
    assert story.story.lead.id not in leads(edition)
    assert reasons(edition)[story.story.lead.id].startswith(f"duplicate of {other.id}")


def test_two_pinned_tellers_of_a_story_both_stand() -> None:
    other = an_article("Ferry raised by night")
    story = a_story("Ferry raised", others=(other,))
    edition = lay_out([story, *stories(6)], [place(story, number=1), place(other, number=2)])
    assert leads(edition)[:2] == [story.story.lead.id, other.id]


def test_a_dropped_article_takes_its_story_along() -> None:
    other = an_article("Ferry raised by night")
    story = a_story("Ferry raised", others=(other,))
    ranked = [story, *stories(6)]
    edition = lay_out(ranked, [Override("place", {"to": "out"}, "ada", NOW, other.id)])
    assert reasons(edition)[other.id] == "dropped by ada"
    assert {other.id, story.story.lead.id}.isdisjoint(leads(edition))
    assert reasons(edition)[story.story.lead.id].startswith("duplicate of ")


def test_a_dropped_teller_of_a_pinned_story_is_told_no_more() -> None:
    other = an_article("Ferry raised by night")
    story = a_story("Ferry raised", others=(other,))
    decided = [place(story, number=1), Override("place", {"to": "out"}, "bob", NOW, other.id)]
    edition = lay_out([story, *stories(6)], decided)
    assert edition.top_stories[0].ranked.story.others == ()
    assert reasons(edition)[other.id] == "dropped by bob"


def test_a_moved_article_stands_in_the_section_and_nowhere_else() -> None:
    ranked = stories(25)
    edition = lay_out(ranked, [place(ranked[0], "C2", 2)], sections=SECTIONS)
    assert edition.sections[1].title == "Two"
    assert edition.sections[1].stories[1].ranked == ranked[0]
    assert len(edition.sections[1].stories) == 4
    assert [p.lead.id for p in edition.stories].count(ranked[0].story.lead.id) == 1


def test_without_a_place_a_moved_article_stands_where_its_score_puts_it() -> None:
    ranked = stories(25)
    edition = lay_out(ranked, [place(ranked[24], "C1")], sections=SECTIONS)
    assert edition.sections[0].stories[-1].ranked == ranked[24]
    assert len(edition.sections[0].stories) == 2
    top = lay_out(ranked, [place(ranked[24])])
    assert top.top_stories[-1].ranked == ranked[24]
    assert len(top.top_stories) == 5


def test_a_section_a_story_was_moved_to_is_there_though_no_rule_names_it() -> None:
    ranked = stories(12)
    edition = lay_out(ranked, [place(ranked[0], "Ports")], sections="auto")
    assert edition.sections[-1].title == "More in Ports"
    assert [p.ranked for p in edition.sections[-1].stories] == [ranked[0]]


def test_an_editors_words_stand_in_place_of_those_that_are_made() -> None:
    words = [Override(n, f"My {n}", "ada", NOW) for n in ("subject", "stand_first", "note")]
    edition = lay_out(stories(6), words)
    assert (edition.subject, edition.stand_first) == ("My subject", "My stand_first")
    assert edition.note == "My note"
    assert edition.overrides == tuple(words)


def test_what_cannot_be_shown_stays_out_though_pinned_and_says_both() -> None:
    gone, hid = an_article("Gone", gone_at=NOW), an_article("Hidden", hidden=True)
    decided = [place(gone, number=1), Override("hidden", True, "bob", NOW, hid.id)]
    found = reasons(lay_out(stories(6), decided, apart=[gone, hid]))
    assert found[gone.id] == "unpublished; pinned to place 1 by ada"
    assert found[hid.id] == "hidden by bob"


decisions = st.lists(
    st.tuples(st.integers(0, 19), st.sampled_from(["top", "C1", "C2", "C9", "out"])),
    max_size=8,
    unique_by=lambda one: one[0],
)


@given(decisions, st.sampled_from(["auto", SECTIONS, ()]), st.permutations(range(1, 6)))
@hypothesis_settings(max_examples=300, deadline=None)
def test_nothing_comes_twice_and_every_decision_holds(
    decided: list[tuple[int, str]], sections: Any, places: list[int]
) -> None:
    ranked = stories(20)
    free = iter(places)
    overrides = [place(ranked[n], to, next(free, 0) if to == "top" else 0) for n, to in decided]
    edition = lay_out(ranked, overrides, sections=sections)
    every = [p.lead.id for p in edition.stories] + [e.article_id for e in edition.left_out]
    assert sorted(every) == sorted(story.story.lead.id for story in ranked)
    for one in overrides:
        where = {p.lead.id: p for p in edition.top_stories}
        if one.value["to"] == "top":
            assert one.value["place"] in (0, where[one.article_id].place)
        elif one.value["to"] == "out":
            assert reasons(edition)[one.article_id] == "dropped by ada"
        else:
            (found,) = [s for s in edition.sections if s.category == one.value["to"]]
            assert one.article_id in [p.lead.id for p in found.stories]


@given(st.lists(st.integers(0, 4), min_size=1, max_size=30), st.integers(1, 4))
@hypothesis_settings(max_examples=300, deadline=None)
def test_no_category_takes_more_than_its_cap_unless_the_week_has_too_little(
    categories: list[int], cap: int
) -> None:
    ranked = [
        a_story(f"Story number {n}", author=f"A{n}", categories=(f"C{c}",), parts=())
        for n, c in enumerate(categories)
    ]
    edition = lay_out(ranked, top_stories=5, ranking=Ranking(per_category=cap))
    counts = [0] * 5
    for placed in edition.top_stories:
        counts[int(placed.category[1:])] += 1
    offered = sum(min(cap, categories.count(c)) for c in range(5))
    assert len(edition.top_stories) == min(5, len(ranked))
    if offered >= 5:
        assert max(counts) <= cap
    else:
        assert all(n >= min(cap, categories.count(c)) for c, n in enumerate(counts))


def test_good_stories_that_did_not_fit_are_spare_but_not_a_second_time() -> None:
    same = [
        a_story(f"By one hand {n}", author="Ada", parts=(Part("audience", 10**9 - n),))
        for n in range(5)
    ]
    first = lay_out(same + stories(8))
    spare = [story.story.lead.id for story in same[2:]]
    assert list(first.spare) == spare
    carried = Used(carried=dict.fromkeys(spare[:1], "weekly@2026-11-16"))
    second = lay_out(same + stories(8), used=carried)
    assert list(second.spare) == spare[1:]
    assert reasons(second)[spare[0]].startswith("carried over from weekly@2026-11-16; cap reached")


def test_what_scored_below_every_chosen_story_is_not_spare() -> None:
    assert lay_out(stories(9)).spare == ()
    assert len(lay_out(stories(30), sections=SECTIONS).spare) == 5


def test_auto_sections_take_the_busiest_categories_but_none_of_one_story() -> None:
    rest = ["Sport"] * 3 + ["Arts"] * 2 + ["Law"] + [""] * 4
    many = stories(6) + [
        a_story(f"Filler {n}", author=f"F{n}", categories=(c,) if c else (), parts=())
        for n, c in enumerate(rest)
    ]
    edition = lay_out(many, sections="auto", top_stories=6)
    assert [(s.title, len(s.stories)) for s in edition.sections] == [
        ("More in Sport", 3),
        ("More in Arts", 2),
    ]


def _laid(flowing: Sequence[str], pinned: dict[str, int]) -> list[str]:
    """Return the list a reader sees: what is pinned at its place, the rest around it."""
    found = [key for key in flowing if key not in pinned]
    for key in sorted(pinned, key=lambda key: pinned[key]):
        found.insert(pinned[key] - 1, key)
    return found


@given(st.data())
def test_moving_a_story_gives_exactly_the_order_that_was_asked_for(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 8))
    flowing = [f"s{n}" for n in range(count)]
    keys = data.draw(st.lists(st.sampled_from(flowing), unique=True))
    places = data.draw(st.permutations(range(1, count + 1)))
    pinned = dict(zip(keys, places, strict=False))
    shown = _laid(flowing, pinned)
    moved = data.draw(st.sampled_from(shown))
    to = data.draw(st.integers(1, count))
    wanted = [key for key in shown if key != moved]
    wanted.insert(to - 1, moved)
    changed = shifted(pinned, shown.index(moved) + 1, moved, to)
    assert _laid(flowing, pinned | changed) == wanted
    assert set(changed) <= set(pinned) | {moved}


@given(st.data())
def test_a_story_from_elsewhere_takes_its_place_and_no_two_have_one(data: st.DataObject) -> None:
    places = data.draw(st.lists(st.integers(1, 8), unique=True))
    pinned = {f"s{n}": place for n, place in enumerate(places)}
    to = data.draw(st.integers(1, 8))
    after = pinned | shifted(pinned, 0, "new", to)
    assert after["new"] == to
    assert len(set(after.values())) == len(after)
    order = sorted(pinned, key=lambda key: pinned[key])
    assert sorted(pinned, key=lambda key: after[key]) == order
