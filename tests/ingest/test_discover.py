"""Which feed a site is read by: from what its page says and what answers."""

import pytest

from digest.errors import IngestError
from digest.ingest import discover
from digest.ingest.discover import Candidate, Tried
from digest.model import Document

HEAD = """<!doctype html><html><head><title>Atlas</title>{}</head>
<body><h1>Atlas</h1><p>News of the week.</p></body></html>"""
FEED = '<link rel="alternate" type="application/rss+xml" title="Atlas &raquo; Feed" href="/feed/">'
COMMENTS = """<link rel="alternate" type="application/rss+xml" title="Atlas &raquo; Comments Feed"
 href="/comments/feed/">
 <link rel=alternate type="application/rss+xml" href="/a/?feed=comments-rss2">"""
ATOM = '<link rel="ALTERNATE home" type="application/atom+xml; charset=utf-8" href="atom">'
JSON = '<link rel="alternate" type="application/feed+json" href="//cdn.n.example/feed.json">'
API = '<link rel="https://api.w.org/" href="https://n.example/wp-json/" />'
PART = """<link rel="alternate" type="application/json"
 href="https://n.example/wp-json/wp/v2/categories/5" />"""
NOT_FEEDS = """<link rel="alternate" hreflang="de" href="/de/"><link rel="stylesheet" href="/s.css">
<link rel="alternate" type="application/json+oembed" href="/oembed"><link rel="icon" href="/i.png">
<link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">"""
POSTS = "https://n.example/wp-json/wp/v2/posts"
EMBED = "per_page=100&_embed=author,wp:featuredmedia,wp:term,replies"


def found(*head: str, url: str = "https://n.example/") -> list[str]:
    page = Document(url, HEAD.format("".join(head)).encode())
    return [c.url for c in discover.candidates(page) if c.declared]


def test_a_page_s_feeds_are_found_in_its_order_without_those_of_comments() -> None:
    assert found(NOT_FEEDS, COMMENTS, FEED, ATOM, JSON, FEED) == [
        "https://n.example/feed/",
        "https://n.example/atom",
        "https://cdn.n.example/feed.json",
    ]


def test_wordpress_comes_first() -> None:
    assert found(FEED, API) == [f"{POSTS}?{EMBED}", "https://n.example/feed/"]
    page = Document("https://n.example/", HEAD.format(FEED + API).encode())
    assert discover.candidates(page)[0].title == "Atlas"


def test_a_section_of_wordpress_is_read_by_its_own_posts_and_feed() -> None:
    own = FEED.replace("/feed/", "/category/world/feed/")
    url = "https://n.example/category/world/"
    assert found(FEED, own, API, PART, url=url) == [
        f"{POSTS}?categories=5&{EMBED}",
        "https://n.example/category/world/feed/",
        "https://n.example/feed/",
    ]


def test_a_base_of_the_page_is_honoured() -> None:
    assert found('<base href="https://other.example/x/">', ATOM) == ["https://other.example/x/atom"]


def test_usual_paths_come_last() -> None:
    page = Document("https://n.example/world", HEAD.format(FEED).encode())
    guesses = [c.url for c in discover.candidates(page) if not c.declared]
    assert guesses[0] == "https://n.example/world/feed/"
    assert "https://n.example/feed/" not in guesses
    assert "https://n.example/index.xml" in guesses


A, B = Candidate("https://n.example/a", "why a"), Candidate("https://n.example/b", "why b", "B")
GUESS = Candidate("https://n.example/feed/", "a usual path", declared=False)


def test_the_first_that_gives_articles_is_chosen_and_the_rest_is_named() -> None:
    choice = discover.choose("x", [Tried(A, problem="a: 404"), Tried(B, 3), Tried(GUESS)])
    assert choice == (B.url, "why b", "B", (A.url,))


def test_a_feed_without_articles_is_better_than_none() -> None:
    choice = discover.choose("x", [Tried(A), Tried(GUESS, problem="404")])
    assert choice.url == A.url
    assert "no articles now" in choice.why
    assert discover.choose("x", [Tried(A), Tried(GUESS, 2)]).url == GUESS.url


def test_a_refusal_says_what_was_looked_at_and_what_to_do() -> None:
    with pytest.raises(IngestError, match=r"names no feed, and none is at /feed/.*--as-is"):
        discover.choose("https://n.example/", [Tried(GUESS, problem="404")])
    with pytest.raises(IngestError, match=r"no feed it names can be read \(a: 404\)"):
        discover.choose("https://n.example/", [Tried(A, problem="a: 404")])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"<rss><channel/></rss>", "rss"),
        (b'{"version": "https://jsonfeed.org/version/1.1", "items": []}', "json feed"),
        (b'<urlset xmlns="x"></urlset>', "sitemap"),
        (b"title,url\na,b", "csv"),
        (HEAD.format("").encode(), ""),
        (b"Some words\nin lines\n", ""),
    ],
)
def test_a_feed_is_told_from_a_page(content: bytes, expected: str) -> None:
    assert discover.format_of(Document("https://n.example/x", content)) == expected


@pytest.mark.parametrize("content", [b"", b"<", b"<html>" + b"<link rel=alternate>" * 9_999])
def test_a_broken_page_raises_nothing_but_ingest_errors(content: bytes) -> None:
    try:
        discover.candidates(Document("https://n.example/", content))
    except IngestError:
        pass
