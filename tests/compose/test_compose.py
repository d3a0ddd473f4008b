"""An edition is laid out by the rules, and every article left out has its reason."""

from datetime import date, timedelta
from typing import Any

from digest.compose import Brief, compose
from digest.compose.sections import Used
from digest.compose.words import STAND_FIRST_LIMIT, SUBJECT_LIMIT
from digest.model import Edition, EditionState, Part, RankedStory
from digest.settings import Newsletter, Ranking, SectionRule
from tests.make import NOW, a_placement, a_story, an_article

START = NOW - timedelta(days=7)


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


def lay_out(ranked: list[RankedStory], used: Used | None = None, **given: Any) -> Edition:
    values: dict[str, Any] = {"title": "The Week", "top_stories": 5, "sections": ()}
    newsletter = Newsletter(**values | given)
    brief = Brief("weekly", date(2026, 11, 23), NOW, START, NOW)
    return compose(brief, newsletter, ranked, used or Used(), (), ())


def reasons(edition: Edition) -> dict[str, str]:
    return {left.article_id: left.reason for left in edition.left_out}


def test_the_best_stories_lead_in_order() -> None:
    ranked = stories(8)
    edition = lay_out(ranked)
    assert [p.ranked for p in edition.top_stories] == ranked[:5]
    assert [p.place for p in edition.top_stories] == [1, 2, 3, 4, 5]
    assert set(reasons(edition).values()) == {"below the cut"}
    assert len(edition.left_out) == 3


def test_sections_take_from_what_remains_and_no_article_comes_twice() -> None:
    rules = (SectionRule(category="c1", stories=2), SectionRule(category="C2", title="Two"))
    edition = lay_out(stories(25), sections=rules)
    assert [s.title for s in edition.sections] == ["More in c1", "Two"]
    assert [len(s.stories) for s in edition.sections] == [2, 4]
    ids = [p.lead.id for p in edition.stories]
    assert len(ids) == len(set(ids))


def test_auto_picks_the_busiest_categories() -> None:
    edition = lay_out(stories(12) + stories(30, categories=("Busy",))[12:], sections="auto")
    assert [s.title for s in edition.sections] == ["More in Busy", "More in C0", "More in C1"]


def test_caps_hold_while_the_week_has_enough_otherwise() -> None:
    same = [
        a_story(f"By one hand {n}", author="Ada", parts=(Part("audience", 10**9 - n),))
        for n in range(4)
    ]
    edition = lay_out(same + stories(8))
    leads = [p.lead for p in edition.top_stories]
    assert sum(lead.author == "Ada" for lead in leads) == 2
    assert reasons(edition)[same[2].story.lead.id] == "cap reached: 2 by author Ada"


def test_caps_give_way_when_the_week_has_too_little() -> None:
    edition = lay_out([a_story(f"By one hand {n}", author="Ada") for n in range(4)])
    assert len(edition.top_stories) == 4


def test_the_cap_on_outlets_is_off_with_a_single_outlet() -> None:
    assert len(lay_out(stories(6)).top_stories) == 5
    mixed = stories(4) + stories(9, outlet="b.example")[4:]
    outlets = [p.lead.outlet for p in lay_out(mixed, ranking=Ranking(per_outlet=2)).top_stories]
    assert outlets.count("news.example") >= 2


def test_what_was_sent_stays_out_and_says_where_it_was() -> None:
    ranked = stories(6)
    used = Used({ranked[0].story.lead.id: "weekly@2026-11-16"}, {"weekly@2026-11-16": START})
    edition = lay_out(ranked, used)
    assert ranked[0] not in [p.ranked for p in edition.top_stories]
    assert reasons(edition)[ranked[0].story.lead.id] == "already sent in weekly@2026-11-16"


def test_a_running_story_returns_with_news_and_is_marked() -> None:
    old = an_article("Ferry sinks")
    story = a_story("Ferry raised", others=(old,), published_at=NOW - timedelta(days=1))
    used = Used({old.id: "weekly@2026-11-16"}, {"weekly@2026-11-16": START})
    edition = lay_out([story, *stories(4)], used)
    (found,) = [p for p in edition.top_stories if p.ranked == story]
    assert found.update


def test_a_running_story_without_news_stays_out() -> None:
    old = an_article("Ferry sinks")
    story = a_story("Ferry again", others=(old,), published_at=START - timedelta(hours=1))
    used = Used({old.id: "weekly@2026-11-16"}, {"weekly@2026-11-16": START})
    assert story not in [p.ranked for p in lay_out([story, *stories(4)], used).top_stories]


def test_the_other_tellers_of_a_story_are_named() -> None:
    other = an_article("Ferry raised by night")
    story = a_story("Ferry raised", others=(other,))
    edition = lay_out([story, *stories(4)])
    assert reasons(edition)[other.id] == f"duplicate of {story.story.lead.id}, Ferry raised"


def test_hidden_and_sponsored_articles_are_named() -> None:
    newsletter = Newsletter(title="The Week", sections=())
    brief = Brief("weekly", date(2026, 11, 23), NOW, START, NOW)
    apart = [an_article("A", hidden=True), an_article("B", sponsored=True)]
    edition = compose(brief, newsletter, stories(5), Used(), apart, [a_placement()] * 3)
    assert reasons(edition)[apart[0].id] == "hidden by an editor"
    assert reasons(edition)[apart[1].id] == "sponsored: kept out of the ranking"
    assert len(edition.placements) == 2


def test_a_thin_week_is_held_with_its_reason() -> None:
    edition = lay_out(stories(2))
    assert edition.state is EditionState.HELD
    assert edition.reason == "thin week: 2 of at least 3 stories"


def test_an_empty_week_has_a_clear_outcome() -> None:
    edition = lay_out([])
    assert edition.state is EditionState.HELD
    assert edition.subject == "The Week"
    assert edition.stand_first == ""


def test_subject_and_stand_first_fit_an_inbox() -> None:
    ranked = [a_story(f"{n} " + "very long headline " * 300) for n in range(4)]
    edition = lay_out(ranked)
    assert len(edition.subject) <= SUBJECT_LIMIT
    assert len(edition.stand_first) <= STAND_FIRST_LIMIT
    assert lay_out(stories(4)).stand_first == (
        "Also this week: Story number 1; Story number 2; Story number 3."
    )
