"""What editors decide is only ever added to; the newest of a name counts."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from digest.errors import NotFound, WrongState
from digest.model import EditionState, Image, LeftOut, Override
from digest.store import Database, articles, editions, overrides, placements
from tests.make import NOW, an_article, an_edition, an_image

ARTICLE = an_article(image=an_image())


def said(name: str, value: object, by: str = "ada", **given: str) -> Override:
    return Override(name, value, by, NOW, **given)


def test_of_two_decisions_the_later_counts_and_none_undoes(database: Database) -> None:
    with database.transaction() as tx:
        articles.store(tx, [ARTICLE], NOW)
        one = editions.save(tx, an_edition(), NOW)
        other = editions.save(tx, replace(an_edition(), newsletter="daily"), NOW)
        first = said("place", {"to": "top", "place": 2}, article_id=ARTICLE.id)
        later = said("place", {"to": "out"}, "bob", article_id=ARTICLE.id)
        words = said("subject", "Mine")
        overrides.add(tx, one.id, [first, words, later])
        overrides.add(tx, other.id, [words])
        assert overrides.of_slot(tx, "weekly", one.slot_on) == [words, later]
        overrides.add(tx, one.id, [said("subject", None)])
        assert overrides.of_slot(tx, "weekly", one.slot_on) == [later]
        assert overrides.of_slot(tx, "daily", one.slot_on) == [words]
        assert overrides.of_slot(tx, "weekly", one.slot_on + timedelta(days=1)) == []
        editions.save(tx, an_edition(subject="Better"), NOW)
        assert overrides.of_slot(tx, "weekly", one.slot_on) == [later]


def test_an_edited_field_is_not_overwritten_by_the_next_reading(database: Database) -> None:
    values = {"title": "Mine", "categories": ["Sport"], "image_caption": "Ours", "boost": 1.5}
    with database.transaction() as tx:
        articles.store(tx, [ARTICLE], NOW)
        edits = [said(name, value, article_id=ARTICLE.id) for name, value in values.items()]
        overrides.add(tx, None, edits)
        later = replace(ARTICLE, title="Theirs", summary="New words.", categories=("Arts",))
        articles.store(tx, [later], NOW)
        found = articles.find(tx, ARTICLE.id)
        assert (found.title, found.summary) == ("Mine", "New words.")
        assert (found.categories, found.boost) == (("Sport",), 1.5)
        assert found.image == replace(an_image(), caption="Ours")
        assert articles.newest(tx) == articles.with_ids(tx, [ARTICLE.id]) == [found]
        overrides.add(tx, None, [said("title", None, article_id=ARTICLE.id)])
        assert articles.find(tx, ARTICLE.id).title == "Theirs"
        assert len(overrides.of_articles(tx, [ARTICLE.id])) == 3
        assert overrides.of_articles(tx, ["another"]) == []


def test_a_picture_may_be_given_and_hidden_is_hidden(database: Database) -> None:
    address = "https://news.example/other.jpg"
    with database.transaction() as tx:
        articles.store(tx, [ARTICLE], NOW)
        decided = {"image_url": address, "hidden": True}
        overrides.add(tx, None, [said(n, v, article_id=ARTICLE.id) for n, v in decided.items()])
        found = articles.find(tx, ARTICLE.id)
        assert found.image == Image(address)
        assert found.hidden


def test_what_was_left_out_comes_back_as_it_went_in(database: Database) -> None:
    left_out = tuple(LeftOut(f"id{n}", f"Grüße {n}", "below the cut", n - 5) for n in range(400))
    with database.transaction() as tx:
        stored = editions.save(tx, an_edition(left_out=left_out), NOW)
        assert editions.find(tx, "latest").left_out == left_out
        assert editions.every(tx) == [replace(stored, left_out=())]
        moved = editions.move(tx, stored, EditionState.APPROVED, NOW)
        assert moved.left_out == left_out


def test_an_edition_stored_by_an_earlier_version_keeps_what_it_left_out(
    database: Database,
) -> None:
    left_out = {"article_id": "abc", "title": "Late", "reason": "below the cut", "score": 5}
    with database.transaction() as tx:
        stored = editions.save(tx, an_edition(), NOW)
        content = tx.execute(sa.text("SELECT content FROM edition")).scalar_one()
        plain = json.loads(content) if isinstance(content, str) else content
        for name in ("spare", "overrides", "usual_start"):
            del plain[name]
        old = {"content": json.dumps(plain | {"left_out": [left_out]})}
        json_type = "JSONB" if tx.dialect.name == "postgresql" else "TEXT"
        update = f"UPDATE edition SET left_out = NULL, content = CAST(:content AS {json_type})"
        tx.execute(sa.text(update), old)
        found = editions.find(tx, "latest")
    assert found == replace(stored, left_out=(LeftOut("abc", "Late", "below the cut", 5),))


def test_only_a_draft_can_be_held_for_a_change(database: Database) -> None:
    with database.transaction() as tx:
        edition = editions.save(tx, an_edition(), NOW)
        editions.require_open(tx, edition)
        editions.move(tx, edition, EditionState.APPROVED, NOW)
        with pytest.raises(WrongState, match="is approved; only a draft can be changed"):
            editions.require_open(tx, edition)


def test_a_removed_placement_is_gone(database: Database) -> None:
    values = {"sponsor": "S", "title": "T", "text": "T", "url": "https://s.example"}
    with database.transaction() as tx:
        placements.remove(tx, placements.add(tx, values))
        assert placements.every(tx) == []
        with pytest.raises(NotFound, match="digest placements list"):
            placements.remove(tx, 1)
