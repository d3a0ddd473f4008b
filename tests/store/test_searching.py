"""Words find articles, on both databases, as they stand now."""

import pytest

from digest.store import Database, articles, searching
from tests.make import NOW, an_article


def titles(database: Database, text: str, **given: int) -> list[str]:
    with database.reading() as tx:
        return [found.title for found in searching.search(tx, text, **({"limit": 10} | given))]


@pytest.fixture
def filled(database: Database) -> Database:
    week = [
        an_article("Harbour reopens after the storm", author="Ada Berg"),
        an_article("Parliament votes", summary="The harbour master resigns.", author="Jörg Weiß"),
        an_article("A quiet valley", author="Ada Lind"),
    ]
    with database.transaction() as tx:
        articles.store(tx, week, NOW)
    return database


def test_every_word_must_be_there_or_begin_one(filled: Database) -> None:
    assert sorted(titles(filled, "HARB")) == ["Harbour reopens after the storm", "Parliament votes"]
    assert titles(filled, "harbour ada") == ["Harbour reopens after the storm"]
    assert titles(filled, "jörg") == ["Parliament votes"]
    assert titles(filled, "valley storm") == []


def test_no_words_find_all_and_signs_find_nothing(filled: Database) -> None:
    assert len(titles(filled, "")) == 3
    assert len(titles(filled, "  ", limit=2, skip=2)) == 1
    for text in ('"', "'", "*", "- -", "(", "%", "_", "\\", "!!"):
        assert titles(filled, text) == []


@pytest.mark.parametrize(
    "text", ["a OR", 'har"bour', "har:*", "NEAR(a b)", "a & | !b", "' --", "ﬁ"]
)
def test_words_are_never_a_query(filled: Database, text: str) -> None:
    titles(filled, text)


def test_a_new_headline_is_found_and_the_old_one_is_not(filled: Database) -> None:
    with filled.transaction() as tx:
        articles.store(tx, [an_article("A quiet valley", author="Somebody Else")], NOW)
        changed = an_article("Wolves come back", url=an_article("A quiet valley").url)
        articles.store(tx, [changed], NOW)
    assert titles(filled, "wolves") == ["Wolves come back"]
    assert titles(filled, "quiet") == []
