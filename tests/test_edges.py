"""Odd weeks each have a clear outcome, from the store to the rendered edition."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from digest import pipeline
from digest.app import App
from digest.compose.words import SUBJECT_LIMIT
from digest.model import Article, Edition, EditionState
from tests.apps import Clock, a_week, an_app, fill
from tests.make import NOW, an_article


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Iterator[App]:
    opened = an_app(tmp_path, database_url, Clock(), more="minimum_stories = 1")
    yield opened
    opened.close()


def build(app: App, week: Sequence[Article]) -> Edition:
    fill(app, week)
    edition = pipeline.draft_edition(app, "weekly")
    assert pipeline.draft_edition(app, "weekly") == edition
    looked = pipeline.proof(app, edition)
    assert looked.rendered is not None
    return edition


def reasons(edition: Edition) -> Counter[str]:
    return Counter(left.reason.partition(", ")[0] for left in edition.left_out)


def test_an_empty_week_is_held(app: App) -> None:
    edition = build(app, [])
    assert (edition.state, edition.reason) == (
        EditionState.HELD,
        "thin week: 0 of at least 1 stories",
    )
    assert edition.left_out == ()


def test_one_article_is_an_edition_of_one(app: App) -> None:
    edition = build(app, a_week(1))
    assert [p.lead.id for p in edition.stories] == [a_week()[0].id]
    assert edition.state is EditionState.DRAFT


def test_a_week_that_was_sent_already_is_held(app: App) -> None:
    sent = pipeline.approve_edition(app, build(app, a_week(5)))
    assert pipeline.drain_outbox(app, pipeline.queue_edition(app, sent)).finished
    edition = pipeline.draft_edition(app, "weekly", NOW + timedelta(days=1))
    assert edition.state is EditionState.HELD
    assert set(reasons(edition)) == {"already sent in weekly@2026-11-23"}


def test_a_week_of_one_story_told_often_is_one_story(app: App) -> None:
    week = [
        an_article("Harbour reopens after the storm", url=f"https://o{n}.example/a",
                   outlet=f"o{n}.example", published_at=NOW - timedelta(hours=n + 1))
        for n in range(20)
    ]  # fmt: skip
    edition = build(app, week)
    (placed,) = edition.stories
    assert len(placed.ranked.story.others) == 19
    assert reasons(edition) == {f"duplicate of {placed.lead.id}": 19}


def test_a_week_in_one_category_fills_the_list_and_says_which_cap_gave_way(app: App) -> None:
    edition = build(app, [replace(article, categories=("World",)) for article in a_week()])
    assert len(edition.top_stories) == 7
    given = [placed.note for placed in edition.top_stories if placed.note]
    assert (
        given
        == ["the week has too little otherwise, so this gave way: cap reached: 3 by category World"]
        * 4
    )


def test_an_article_without_a_date_counts_from_when_it_was_seen(app: App) -> None:
    seen = NOW - timedelta(days=2)
    week = [replace(a, published_at=None, first_seen_at=seen) for a in a_week()]
    edition = build(app, week)
    assert len(edition.top_stories) == 7
    facts = {part.fact for part in edition.top_stories[0].ranked.parts}
    assert "no date; first seen Saturday" in facts


def test_an_article_from_the_future_waits_for_its_time(app: App) -> None:
    week = a_week()
    edition = build(app, [replace(week[0], published_at=NOW + timedelta(days=2)), *week[1:]])
    known = {p.lead.id for p in edition.stories} | {e.article_id for e in edition.left_out}
    assert week[0].id not in known
    later = pipeline.draft_edition(app, "weekly", NOW + timedelta(days=3))
    assert week[0].id in {p.lead.id for p in later.stories}


def test_titles_of_five_thousand_characters_are_cut_where_they_are_shown(app: App) -> None:
    week = [replace(a, title=f"{a.title} " + "and so on " * 500) for a in a_week()]
    same = [replace(week[0], id="same", key="https://b.example/s", url="https://b.example/s")]
    edition = build(app, [*week, *same])
    assert len(edition.subject) <= SUBJECT_LIMIT
    looked = pipeline.proof(app, edition)
    assert looked.rendered is not None
    assert len(looked.rendered.html) < 102_000
    assert all(len(left.reason) < 200 for left in edition.left_out)


def test_sponsored_articles_are_kept_out_of_the_stories(app: App) -> None:
    week = a_week()
    edition = build(app, [replace(week[0], sponsored=True, featured=True), *week[1:]])
    assert week[0].id not in {p.lead.id for p in edition.stories}
    assert reasons(edition)["sponsored: kept out of the ranking"] == 1


def test_the_order_in_which_articles_came_does_not_matter(tmp_path: Path) -> None:
    made = []
    for number, week in enumerate((a_week(), a_week()[::-1])):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "digest.key").write_text("k" * 40)
        app = an_app(folder)
        for article in week:
            fill(app, [article])
        pipeline.decide_article(app, a_week()[3].id, {"boost": 1.0}, "ada")
        edition = pipeline.draft_edition(app, "weekly")
        pinned, _ = pipeline.pin_article(app, edition, a_week()[8].id, 2, "ada")
        written = pipeline.write_preview(app, pipeline.proof(app, pinned), folder)
        made.append((pinned, [path.read_bytes() for path in written]))
        app.close()
    assert made[0] == made[1]
