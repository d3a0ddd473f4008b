"""An article without a category gets one by address, then by headline, and the rule is kept."""

from digest.compose.categories import categorised
from tests.make import an_article

RULES = {"Sport": ("/football/", "goalkeeper"), "Culture": ("opera",)}


def decide(title: str, path: str, **given: object) -> tuple[tuple[str, ...], str]:
    article = an_article(title, url=f"https://news.example{path}", **{"categories": ()} | given)
    (found,) = categorised([article], RULES, ["World News"])
    return found.categories, found.category_by


def test_its_own_category_comes_first() -> None:
    assert decide("Goalkeeper", "/football/1", categories=("Arts",)) == (("Arts",), "")


def test_then_a_pattern_of_the_address() -> None:
    assert decide("At the opera", "/football/1") == (
        ("Sport",),
        "its address begins with /football/",
    )


def test_then_a_folder_that_names_a_category() -> None:
    assert decide("At the opera", "/world-news/1") == (
        ("World News",),
        "its address is in /world-news/",
    )
    assert decide("At the zoo", "/culture/1")[0] == ("Culture",)


def test_then_a_word_of_the_headline() -> None:
    assert decide("Goalkeeper at the Opera", "/n/1") == (
        ("Sport",),
        "its headline has the word goalkeeper",
    )


def test_else_it_has_none() -> None:
    assert decide("At the zoo", "/n/1") == ((), "")
    assert decide("At the zoo", "") == ((), "")


def test_a_folder_may_name_the_category_of_another_article() -> None:
    one = an_article("One", categories=("Arts & Letters",))
    two = an_article("Two", url="https://news.example/arts-letters/2", categories=())
    assert categorised([one, two], {}, [])[1].categories == ("Arts & Letters",)
