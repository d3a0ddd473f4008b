"""An article is stored once, keeps its row, and its counts keep their time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from digest.errors import NotFound
from digest.model import Article, Reading
from digest.store import Database, articles, readings
from digest.store.articles import Stored
from tests.make import NOW, an_article, an_image


def test_what_goes_in_comes_out(database: Database) -> None:
    article = an_article(
        image=an_image(), categories=("World", "Trade"), body="<p>Hi</p>", guid="1"
    )
    with database.transaction() as tx:
        done, ids = articles.store(tx, [article], NOW)
        assert articles.find(tx, article.id) == article
    assert done == Stored(new=1)
    assert ids == {article.id: article.id}


def test_storing_again_changes_nothing(database: Database) -> None:
    many = [an_article(f"Story number {n}") for n in range(20)]
    with database.transaction() as tx:
        assert articles.store(tx, many, NOW)[0] == Stored(new=20)
        assert articles.store(tx, many, NOW + timedelta(hours=1))[0] == Stored(unchanged=20)
        assert articles.store(tx, [*many, *many], NOW)[0] == Stored(unchanged=40)


def test_a_new_headline_keeps_the_row_and_the_old_headline(database: Database) -> None:
    first = an_article("Storm nears the harbour", guid="g-1")
    later = replace(first, title="Storm closes the harbour", summary="It is shut.")
    with database.transaction() as tx:
        articles.store(tx, [first], NOW)
        assert articles.store(tx, [later], NOW)[0] == Stored(updated=1)
        assert articles.find(tx, first.id).title == "Storm closes the harbour"
        kept = tx.exec_driver_sql("SELECT title FROM headline").scalars().all()
    assert kept == ["Storm nears the harbour"]


def test_a_new_address_with_the_same_guid_is_the_same_article(database: Database) -> None:
    first = an_article("Storm nears", guid="g-1", url="https://news.example/storm-nears/")
    moved = an_article("Storm nears", guid="g-1", url="https://news.example/storm-passes/")
    with database.transaction() as tx:
        articles.store(tx, [first], NOW)
        done, ids = articles.store(tx, [moved], NOW)
        assert ids == {moved.id: first.id}
        assert articles.find(tx, first.id).url == "https://news.example/storm-passes/"
    assert done == Stored(updated=1)


def test_the_same_guid_at_another_outlet_is_another_article(database: Database) -> None:
    one = an_article("A", guid="1", outlet="a.example", url="https://a.example/1")
    two = an_article("B", guid="1", outlet="b.example", url="https://b.example/1")
    with database.transaction() as tx:
        assert articles.store(tx, [one, two], NOW)[0] == Stored(new=2)


def test_a_field_the_source_now_leaves_empty_keeps_its_value(database: Database) -> None:
    full = an_article(author_bio="Covers ports.", image=an_image())
    with database.transaction() as tx:
        articles.store(tx, [full], NOW)
        articles.store(tx, [replace(full, author_bio="", image=None)], NOW)
        assert articles.find(tx, full.id) == full


def test_two_readings_of_one_article_in_one_batch_leave_the_later(database: Database) -> None:
    one = an_article("First words", guid="g")
    with database.transaction() as tx:
        done, _ = articles.store(tx, [one, replace(one, title="Second words")], NOW)
        assert articles.find(tx, one.id).title == "Second words"
    assert done == Stored(new=1, updated=1)


def test_the_window_is_half_open_and_undated_articles_count_from_first_sight(
    database: Database,
) -> None:
    inside = an_article("Inside", published_at=NOW - timedelta(days=7))
    outside = an_article("Outside", published_at=NOW)
    undated = an_article("Undated", published_at=None, first_seen_at=NOW - timedelta(days=1))
    with database.transaction() as tx:
        articles.store(tx, [inside, outside, undated], NOW)
        found = articles.published_between(tx, NOW - timedelta(days=7), NOW)
    assert [article.title for article in found] == ["Inside", "Undated"]


def test_moments_come_back_in_utc_whatever_zone_they_had(database: Database) -> None:
    away = datetime(2026, 11, 20, 4, 0, tzinfo=timezone(timedelta(hours=-8)))
    with database.transaction() as tx:
        articles.store(tx, [an_article(published_at=away)], NOW)
        found = articles.newest(tx)[0].published_at
    assert found == away
    assert found is not None
    assert found.tzinfo is UTC


def test_a_moment_without_a_zone_is_refused(database: Database) -> None:
    naive = an_article(published_at=datetime(2026, 11, 20))  # noqa: DTZ001
    with pytest.raises(Exception, match="without a time zone"), database.transaction() as tx:
        articles.store(tx, [naive], NOW)


def test_of_a_count_that_stands_still_the_first_and_the_last_moment_are_kept(
    database: Database,
) -> None:
    article = an_article()
    early = Reading(article.id, "comments", 3, NOW - timedelta(hours=5))
    same, still = (replace(early, read_at=NOW - timedelta(hours=h)) for h in (3, 2))
    late = Reading(article.id, "comments", 9_000_000_000, NOW - timedelta(hours=1))
    with database.transaction() as tx:
        articles.store(tx, [article], NOW)
        for reading in (early, same, still, late):
            readings.add(tx, [reading])
        assert readings.of(tx, [article.id], NOW) == [early, still, late]
        assert readings.of(tx, [article.id], NOW - timedelta(hours=3)) == [early]


def test_an_article_is_found_by_id_beginning_or_address(database: Database) -> None:
    article = an_article()
    with database.transaction() as tx:
        articles.store(tx, [article, an_article("Another")], NOW)
        for name in (article.id, article.id[:5], article.url, article.key):
            assert articles.find(tx, name).id == article.id
        with pytest.raises(NotFound, match="no article 'zzzz'"):
            articles.find(tx, "zzzz")


def test_a_republished_article_keeps_its_first_date(database: Database) -> None:
    first = an_article("Storm nears", published_at=NOW - timedelta(days=3))
    again = replace(first, published_at=NOW - timedelta(hours=1))
    with database.transaction() as tx:
        articles.store(tx, [first], NOW)
        assert articles.store(tx, [again], NOW)[0] == Stored(updated=1)
        found = articles.find(tx, first.id)
        assert articles.store(tx, [again], NOW)[0] == Stored(unchanged=1)
        assert articles.published_between(tx, NOW - timedelta(days=1), NOW) == []
    assert (found.published_at, found.updated_at) == (first.published_at, again.published_at)


def test_a_date_that_was_too_late_is_corrected(database: Database) -> None:
    first = an_article("Storm nears", published_at=NOW + timedelta(days=3))
    with database.transaction() as tx:
        articles.store(tx, [first], NOW)
        articles.store(tx, [replace(first, published_at=NOW)], NOW)
        assert articles.find(tx, first.id).published_at == NOW


def renamed(number: int = 2, **changes: Any) -> Article:
    url = f"https://news.example/storm-{number}"
    body = "<p>The storm reached the harbour at noon and sank a ferry.</p>"
    given = {"url": url, "guid": url, "body": body, "published_at": NOW} | changes
    return an_article("Storm nears", **given)


def test_a_new_address_and_guid_with_the_same_words_is_the_same_article(database: Database) -> None:
    moved = renamed(2, published_at=NOW + timedelta(hours=47))
    with database.transaction() as tx:
        articles.store(tx, [renamed(1)], NOW)
        done, ids = articles.store(tx, [moved], NOW)
        found = articles.find(tx, renamed(1).id)
    assert done == Stored(updated=1)
    assert ids == {moved.id: renamed(1).id}
    assert found.url == moved.url


@pytest.mark.parametrize(
    "other",
    [
        renamed(body="<p>Another storm altogether.</p>"),
        renamed(body=""),
        renamed(outlet="other.example", url="https://other.example/storm"),
        renamed(published_at=NOW + timedelta(hours=49)),
        renamed(published_at=None),
    ],
    ids=["words", "no words", "outlet", "too late", "undated"],
)
def test_one_headline_alone_makes_no_two_articles_one(database: Database, other: Article) -> None:
    with database.transaction() as tx:
        articles.store(tx, [renamed(1)], NOW)
        assert articles.store(tx, [other], NOW)[0] == Stored(new=1)


def test_two_addresses_in_one_feed_stay_two_articles(database: Database) -> None:
    both = [renamed(1), renamed(2)]
    with database.transaction() as tx:
        assert articles.store(tx, both, NOW)[0] == Stored(new=2)
        assert articles.store(tx, both, NOW)[0] == Stored(unchanged=2)


def test_an_article_that_is_gone_stays_marked_until_it_is_back(database: Database) -> None:
    article = an_article()
    with database.transaction() as tx:
        articles.store(tx, [article], NOW)
        articles.mark(tx, [article.id], NOW)
        articles.store(tx, [replace(article, summary="New.")], NOW)
        assert articles.find(tx, article.id).gone_at == NOW
        articles.mark(tx, [article.id], None)
        assert articles.find(tx, article.id).gone_at is None
