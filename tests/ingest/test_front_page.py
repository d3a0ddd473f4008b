"""Which article stands where on a front page, in unlike markups."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import IngestError
from digest.ingest import front_page
from digest.ingest.front_page import Headline
from digest.model import Document

PAGES = Path(__file__).parent.parent / "data" / "front_pages"
URL = "https://news.example/"


def headlines(markup: str | bytes, url: str = URL) -> list[str]:
    data = markup.encode() if isinstance(markup, str) else markup
    found = front_page.headlines(Document(url, data))
    return [headline.key.removeprefix(URL) for headline in found]


def saved(name: str) -> list[str]:
    return headlines((PAGES / f"{name}.html").read_bytes())


def test_sections_and_headings_are_read_in_order() -> None:
    expected = ["world/harbour", "world/pilots", "world/letters", "world/wolves", "arts/symphony"]
    assert saved("sections") == expected


def test_cards_that_are_one_link_are_read_in_order() -> None:
    expected = ["world/harbour", "world/letters", "https://sponsor.example/save", "world/wolves"]
    assert saved("cards") == [*expected, "arts/symphony"]


def test_tables_without_headings_are_read_in_order() -> None:
    assert saved("tables") == [f"story.asp?id={n}" for n in (7, 8, 9, 10)]


def test_headlines_keep_their_words() -> None:
    found = front_page.headlines(Document(URL, (PAGES / "cards.html").read_bytes()))
    assert found[0].title == "Harbour reopens after the storm"


def items(*titles: str) -> str:
    return "".join(f"<h2><a href='/n/{n}'>{title}</a></h2>" for n, title in enumerate(titles))


def test_chinese_headlines_count_by_their_characters() -> None:
    page = items("港口重新开放", "议会投票公开信件", "山谷学会与狼共处")
    assert headlines(page) == ["n/0", "n/1", "n/2"]


def test_a_name_is_only_a_hint() -> None:
    news = items("Harbour reopens today", "Parliament votes again", "Wolves come back")
    assert headlines(f"<div class='menu'>{news}</div>") == ["n/0", "n/1", "n/2"]
    many = "".join(f"<a href='/s/{n}'>A section with a long name {n}</a>" for n in range(9))
    assert headlines(f"<nav>{many}</nav>{news}") == ["n/0", "n/1", "n/2"]


def test_names_that_would_drop_most_headlines_say_nothing() -> None:
    parts = (
        f"<div class='promo'><h3><a href='/n/{n}'>Headline number {n}</a></h3></div>"
        for n in range(6)
    )
    assert len(headlines("".join(parts))) == 6
    lead = "<header><h1><a href='/lead'>Harbour reopens after the storm</a></h1></header>"
    assert headlines(lead + items("One two three", "Four five six"))[0] == "lead"


@pytest.mark.parametrize(
    "markup",
    [
        "",
        "<html><body><h1>Please prove that you are human</h1></body></html>",
        "<html><body><a href='/login'>Log in to read all of our news</a></body></html>",
        "plain words\n" * 50,
        "<nav>" + items("One two three", "Four five six", "Seven eight nine") + "</nav>",
        items("One two three", "Four five six"),
        "<rss><channel><item><title>x</title></item></channel></rss>",
        "{}",
    ],
)
def test_what_shows_no_headlines_is_refused(markup: str) -> None:
    with pytest.raises(IngestError, match=r"https://news\.example/|not readable"):
        headlines(markup)


A, B, C, D = (Headline(f"{URL}{n}", n) for n in "abcd")
FOREIGN = Headline("https://sponsor.example/x", "x")


def test_places_are_counted_from_one_and_kept_for_articles_we_know() -> None:
    found = [A, FOREIGN, B, C, D]
    known = {B.key: "id-b", D.key: "id-d"}
    assert front_page.positions(found, known, "https://www.news.example/") == {
        "id-b": 2,
        "id-d": 4,
    }


def test_an_article_of_another_site_counts_when_we_know_it() -> None:
    known = {FOREIGN.key: "id-x", A.key: "id-a"}
    assert front_page.positions([FOREIGN, A], known, URL) == {"id-x": 1, "id-a": 2}


def test_an_article_with_two_addresses_has_its_first_place() -> None:
    assert front_page.positions([A, B], {A.key: "one", B.key: "one"}, URL) == {"one": 1}


@given(st.lists(st.integers(0, 30), min_size=3, max_size=40))
def test_each_article_has_one_place_and_order_is_kept(order: list[int]) -> None:
    page = "".join(
        f"<div><h3><a href='/n/{n}'>Headline of number {n}</a></h3></div>" for n in order
    )
    distinct = list(dict.fromkeys(order))
    if len(distinct) < front_page.FEWEST:
        return
    assert headlines(page) == [f"n/{n}" for n in distinct]


@given(st.text("<>ah1234 /=\"'nvul", max_size=300))
def test_any_markup_raises_nothing_but_ingest_errors(markup: str) -> None:
    try:
        headlines(markup)
    except IngestError:
        pass


LINK = "<div><a href='/n/{0}'>Headline of number {0} here</a>"


@pytest.mark.parametrize(
    "markup",
    [
        "".join(LINK.format(n) for n in range(20_000)),
        "".join(LINK.format(n) + "</div>" for n in range(20_000)),
        "<a href=/x>" * 50_000 + "some words that are long",
        "<h2 class=menu>" * 20_000 + items("One two three", "Four five six"),
        "<div class='" + "nav-" * 50_000 + "'>" + items("One two three") * 3,
    ],
    ids=["deep", "wide", "links", "headings", "class"],
)
def test_hostile_pages_cost_little_time(markup: str) -> None:
    began = time.process_time()
    try:
        headlines(markup)
    except IngestError:
        pass
    assert time.process_time() - began < 5


def test_saved_pages_of_outlets_raise_nothing_but_ingest_errors(
    corpus: Callable[[str], Path],
) -> None:
    for path in sorted(corpus("html_news_pages").rglob("*.html")):
        try:
            found = front_page.headlines(Document(URL, path.read_bytes()))
        except IngestError:
            continue
        assert len({headline.key for headline in found}) == len(found)
