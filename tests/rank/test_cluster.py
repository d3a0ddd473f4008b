"""Headlines of one happening make one story."""

import random
from datetime import timedelta

import pytest

from digest.model import Article
from digest.rank import published
from digest.rank.cluster import cluster, tokens
from tests.make import NOW, an_article

FILLER = [
    f"{a} {b} {c}"
    for a in ("Mayor", "Court", "Choir")
    for b in ("opens", "closes")
    for c in ("bridge", "school", "market")
]


def groups(*titles: str, hours: int = 1, extra: tuple[str, ...] = tuple(FILLER)) -> list[list[str]]:
    found: list[Article] = []
    for number, title in enumerate((*titles, *extra)):
        moment = NOW - timedelta(days=5) + timedelta(hours=hours * number)
        found.append(an_article(title, url=f"https://x.example/{number}", published_at=moment))
    made = cluster(found, published)
    told = [[a.title for a in story.articles if a.title in titles] for story in made]
    return [titles for titles in told if len(titles) > 1]


def test_rewritten_headlines_join() -> None:
    first, second = (
        "Ferry Bintang Selatan sinks off Sulawesi",
        "Divers reach sunken ferry Bintang Selatan",
    )
    assert [first, second] in groups(first, second)


def test_different_happenings_stay_apart() -> None:
    titles = ("Ferry sinks off Sulawesi", "Parliament votes to publish its letters")
    assert all(len(group) < 2 for group in groups(*titles, extra=()))


def test_a_story_that_fell_silent_takes_no_more() -> None:
    title = "Storm Ysolde floods the Frisian coast"
    found = [
        an_article(title, url=f"https://x.example/{n}", published_at=NOW - timedelta(hours=h))
        for n, h in enumerate((73, 0))
    ]
    assert len(cluster(found, published)) == 2


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("台風が九州に接近、交通機関に影響", "九州に台風接近 交通機関が運休"),
        (
            "Землетрясение в Турции разрушило дома",
            "Землетрясение в Турции: спасатели ищут выживших",
        ),
        (
            "Überschwemmung an der Küste: Dörfer geräumt",
            "Dörfer an der Küste nach Überschwemmung geräumt",
        ),
    ],
)
def test_other_languages_join_too(one: str, two: str) -> None:
    assert [one, two] in groups(one, two)


def test_tokens_fold_case_width_and_drop_small_words() -> None:
    assert tokens("The ＦＥＲＲＹ and its Crew") == ["ferry", "crew"]
    assert tokens("台風接近") == ["台風", "風接", "接近"]
    assert tokens("") == []


def test_empty_titles_and_very_long_ones_are_no_trouble() -> None:
    found = [
        an_article("", url="https://x.example/1"),
        an_article("", url="https://x.example/2"),
        an_article("word " * 1000, url="https://x.example/3"),
    ]
    assert sum(len(story.articles) for story in cluster(found, published)) == 3


def test_time_grows_with_the_window_not_its_square() -> None:
    chance = random.Random(7)
    vocabulary = [f"w{n}" for n in range(4000)]
    found = [
        an_article(
            " ".join(chance.choices(vocabulary, k=8)),
            url=f"https://x.example/{n}",
            published_at=NOW - timedelta(days=7) + timedelta(seconds=120 * n),
        )
        for n in range(3000)
    ]
    assert sum(len(story.articles) for story in cluster(found, published)) == 3000


def test_a_follow_up_in_other_words_is_the_same_saga_but_another_story() -> None:
    titles = (
        "Quake hits southern Turkey, hundreds feared dead",
        "Hundreds feared dead as quake hits southern Turkey",
        "Turkey quake: rescuers search ruins in Antakya",
    )
    found = [
        an_article(title, url=f"https://x.example/{n}", published_at=NOW + timedelta(hours=20 * n))
        for n, title in enumerate((*titles, *FILLER, *(f"{f} again today" for f in FILLER)))
    ]
    told = {
        a.title: (n, s.saga) for n, s in enumerate(cluster(found, published)) for a in s.articles
    }
    first, second, third = (told[title] for title in titles)
    assert first == second
    assert third[0] != first[0]
    assert third[1] == first[1]


def test_inflected_words_join_by_their_beginnings() -> None:
    one, two = "Президент подписал закон о выборах", "Закон о выборах подписан президентом"
    assert [one, two] in groups(one, two)


def test_the_order_of_the_words_and_equal_weights_give_the_same_stories() -> None:
    titles = ["Ferry sinks off Sulawesi", "Sulawesi ferry sinks", "Off Sulawesi sinks a ferry"]
    assert groups(*titles) == [titles]


def test_a_running_story_takes_what_falls_into_its_time_in_other_words() -> None:
    telling = ("Ferry Bintang sinks off Sulawesi", "Sulawesi ferry Bintang sinks: divers search")
    aside = "Divers find the Bintang captain alive at sea"
    found = groups(telling[0], aside, telling[1])
    assert found == [[telling[0], aside, telling[1]]] or found == [[*telling]]
