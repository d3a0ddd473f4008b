"""Text is cleaned, cut and addressed the same way everywhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.text import (
    TOKEN,
    canonical_url,
    clean,
    host_of,
    link_url,
    same_site,
    short_id,
    shorten,
    truncate,
)


@given(st.text(), st.integers(2, 200))
def test_a_cut_text_is_never_longer_than_asked(text: str, limit: int) -> None:
    assert len(truncate(text, limit)) <= limit
    assert len(shorten(text, limit)) <= limit


@given(st.text())
def test_a_clean_text_is_one_line_without_anything_invisible(text: str) -> None:
    done = clean(text)
    assert done == done.strip()
    assert not set(done) & set("\x00\x0b\n\r\t\x85\u202e\u2066\ud800")
    assert clean(done) == done
    done.encode()


def test_a_cut_falls_between_words() -> None:
    assert truncate("Ships are moving again, slowly", 24) == "Ships are moving again…"
    assert truncate("Donaudampfschifffahrt", 10) == "Donaudamp…"


def test_a_summary_ends_with_its_sentence_where_one_fits() -> None:
    assert shorten("Ships are moving. The ferries are late again today.", 40) == (
        "Ships are moving. The ferries are late…"
    )
    assert shorten("Ships are moving again now. The ferries are late.", 40) == (
        "Ships are moving again now."
    )


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [
        ("Six states trade dear loans for one cheap one. What the sea gets.", 52,
         "Six states trade dear loans for one cheap one."),
        ("A cold spring. Then the ferries came back, and with them the mail.", 52,
         "A cold spring. Then the ferries came back, and with…"),
        ("All summer the offer divided the parish of Marshby St. Peter.", 56,
         "All summer the offer divided the parish of Marshby St…"),
        ("The water rose by more than anyone remembers, to 3.25 metres.", 51,
         "The water rose by more than anyone remembers, to…"),
    ],
)  # fmt: skip
def test_a_line_ends_with_a_sentence_only_near_its_end(text: str, limit: int, cut: str) -> None:
    assert shorten(text, limit, 0.75) == cut


@given(st.lists(st.text("abcdefg ", min_size=5), min_size=1).map(". ".join), st.integers(2, 90))
def test_a_cut_text_is_a_beginning_and_says_when_a_sentence_is_missing(
    text: str, limit: int
) -> None:
    text = clean(text)
    for least in (0.5, 0.75):
        done = shorten(text, limit, least)
        kept = done.removesuffix("…")
        assert text.startswith(kept)
        assert done == text or done.endswith(("…", "."))
        assert done.endswith("…") or done == text or len(done) >= limit * least


def test_a_cut_does_not_split_a_letter_from_its_accent() -> None:
    assert truncate("e\u0301" * 10, 4) == "e\u0301" + "…"


@pytest.mark.parametrize(
    ("given_url", "canonical"),
    [
        ("HTTP://www.News.example:80/a/../b/?utm_source=x&id=3#top", "https://news.example/b?id=3"),
        ("https://news.example/x/amp/", "https://news.example/x"),
        ("https://news.example/x.amp.html", "https://news.example/x.html"),
        ("https://exämple.de/straße", "https://xn--exmple-cua.de/stra%C3%9Fe"),
        ("https://news.example", "https://news.example/"),
        ("https://news.example/?p=12&fbclid=abc", "https://news.example/?p=12"),
        ("https://user:secret@news.example/a", "https://news.example/a"),
        ("ftp://news.example/a", ""),
        ("javascript:alert(1)", ""),
        ("news.example/a", ""),
        ("", ""),
    ],
)
def test_one_article_has_one_canonical_address(given_url: str, canonical: str) -> None:
    assert canonical_url(given_url) == canonical
    assert canonical_url(canonical) == canonical


def test_the_address_to_link_to_keeps_scheme_and_host() -> None:
    assert link_url("http://www.news.example/a/?utm_medium=rss&page=2#c") == (
        "http://www.news.example/a/?page=2"
    )
    assert link_url("https://news.example/?q=a%20b") == "https://news.example/?q=a%20b"
    assert link_url("mailto:a@b.example") == ""


def test_hosts_and_ids() -> None:
    assert host_of("https://www.News.example/a") == "news.example"
    assert host_of("nothing") == ""


def test_a_site_is_a_host_and_what_lies_below_it() -> None:
    assert same_site("news.example", "news.example")
    assert same_site("feeds.news.example", "news.example")
    assert same_site("news.example", "blog.news.example")
    assert not same_site("bad-news.example", "news.example")
    assert not same_site("feeds.news.example", "blog.news.example")
    assert not same_site("", "news.example")
    assert short_id("x") == short_id("x")
    assert len(short_id("x")) == 12
    assert len(TOKEN) == 32
