"""A feed that only sums up is completed from its articles' pages, politely; nothing is lost."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from digest import pipeline
from digest.app import App
from digest.ingest.limits import Limits
from digest.model import Article, Feed
from digest.store import articles, feeds
from digest.store.articles import Stored
from tests.apps import Clock, an_app
from tests.ingest.site import Server, Site

PROSE = "The ferry company said on Sunday that boats to the islands would leave at six again. "
PAGE = """<!doctype html><html lang="en"><head><title>Harbour reopens - Atlas</title>
<meta property="og:site_name" content="Atlas"><meta property="og:title" content="Page title">
<meta property="article:section" content="World">
<script type="application/ld+json">{{"@type": "NewsArticle", "headline": "Page title",
"datePublished": "2020-01-01", "author": {{"name": "Ada Berg"}}}}</script></head>
<body><nav><a href="/">Home</a></nav><article><h1>Page title</h1>
<figure><img src="/big.jpg" width="1200" height="800" alt="A ship">
<figcaption>The first ship comes in.</figcaption></figure>
{body}<p>More of {n}. {prose}</p>
<div class="author-bio"><p>Ada Berg is a reporter who writes about ports and ships.</p></div>
</article></body></html>"""
ITEM = """<item><title>{title}</title><link>{url}</link><guid>g{n}</guid>
<pubDate>Sun, 22 Nov 2026 08:00:00 GMT</pubDate><description>Ships move again.</description>
</item>"""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[App]:
    opened = an_app(tmp_path, database_url, clock)
    yield opened
    opened.close()


@pytest.fixture
def server() -> Iterator[Server]:
    started = Server()
    started.script["/robots.txt"] = lambda site: site.answer(404)
    yield started
    started.close()


def serve(server: Server, count: int = 1, *, title: str = "Story {n}") -> None:
    def feed(site: Site) -> None:
        items = [
            ITEM.format(n=n, title=title.format(n=n), url=server.url(f"/{n}")) for n in range(count)
        ]
        body = "".join(items)
        site.answer(200, f"<rss><channel><title>Atlas</title>{body}</channel></rss>".encode())

    server.script["/feed"] = feed
    for n in range(count):
        page(server, n)


def page(server: Server, n: int, prose: str = PROSE) -> None:
    body = "".join(f"<p>Paragraph {i} of page {n}. {prose * 3}</p>" for i in range(5))
    text = PAGE.format(n=n, body=body, prose=prose).encode()
    server.script[f"/{n}"] = lambda site: site.answer(200, text, Content_Type="text/html")


def add(app: App, server: Server, *, full_text: bool = True) -> Feed:
    with app.database.transaction() as tx:
        return feeds.add(tx, server.url("/feed"), full_text=full_text)


def only(app: App) -> Article:
    with app.database.reading() as tx:
        (found,) = articles.newest(tx)
        return articles.find(tx, found.id)


def asked(server: Server) -> list[str]:
    return [path for path, _ in server.seen]


def again(app: App, clock: Clock) -> list[pipeline.Gathered]:
    clock.move(days=2)
    return pipeline.fetch_feeds(app)


def test_the_page_gives_what_the_feed_leaves_out_and_the_feed_keeps_its_own(
    app: App, server: Server
) -> None:
    serve(server)
    add(app, server)
    first, second = pipeline.fetch_feeds(app)
    assert (first.stored, second.stored) == (Stored(new=1), Stored(updated=1))
    assert second.note == "1 article completed by the page"
    found = only(app)
    assert (found.title, found.guid, found.summary) == ("Story 0", "g0", "Ships move again.")
    assert f"{found.published_at:%Y-%m-%d}" == "2026-11-22"
    assert "Paragraph 4 of page 0" in found.body
    assert found.words > 150
    assert found.author == "Ada Berg"
    assert found.author_bio.startswith("Ada Berg is a reporter")
    assert found.image is not None
    assert (found.image.caption, found.image.alt) == ("The first ship comes in.", "A ship")
    assert found.categories == ("World",)


def test_no_page_is_asked_for_unless_the_feed_wants_it(app: App, server: Server) -> None:
    serve(server)
    add(app, server, full_text=False)
    pipeline.fetch_feeds(app)
    assert asked(server) == ["/feed"]


def test_a_page_is_asked_for_once_and_stays_when_the_feed_comes_again(
    app: App, server: Server, clock: Clock
) -> None:
    serve(server)
    add(app, server)
    pipeline.fetch_feeds(app)
    (done,) = again(app, clock)
    assert done.stored == Stored(unchanged=1)
    assert asked(server) == ["/feed", "/robots.txt", "/0", "/feed"]
    assert "Paragraph 4" in only(app).body


def test_a_changed_article_is_asked_for_anew(app: App, server: Server, clock: Clock) -> None:
    serve(server)
    add(app, server)
    pipeline.fetch_feeds(app)
    serve(server, title="Story {n}, updated")
    page(server, 0, prose="The strike is over, both sides said, and a new contract was signed. ")
    again(app, clock)
    found = only(app)
    assert found.title == "Story 0, updated"
    assert "The strike is over" in found.body
    assert asked(server).count("/0") == 2


def test_a_failed_page_loses_nothing_and_is_tried_again_twice(
    app: App, server: Server, clock: Clock
) -> None:
    serve(server, 3)
    for n in range(3):
        server.script[f"/{n}"] = lambda site: site.answer(500)
    add(app, server)
    first, second = pipeline.fetch_feeds(app)
    assert first.stored == Stored(new=3)
    assert "3 pages could not be read: the server answered 500" in second.note
    assert not second.error
    for _ in range(4):
        again(app, clock)
    assert [asked(server).count(f"/{n}") for n in range(3)] == [3, 3, 3]
    with app.database.reading() as tx:
        assert {a.summary for a in articles.newest(tx)} == {"Ships move again."}


def test_a_page_that_failed_is_read_at_the_next_fetch(
    app: App, server: Server, clock: Clock
) -> None:
    serve(server)
    good = server.script["/0"]
    server.script["/0"] = lambda site: site.answer(200, b"\x00\x01", Content_Type="text/html")
    add(app, server)
    pipeline.fetch_feeds(app)
    assert only(app).words < 10
    server.script["/0"] = good
    again(app, clock)
    assert only(app).words > 150


@pytest.mark.parametrize(
    ("status", "body", "read"),
    [
        (404, b"", True),
        (403, b"", True),
        (500, b"", False),
        (200, b"User-agent: *\nDisallow: /", False),
        (200, b"User-agent: *\nDisallow: /\n\nUser-agent: digest\nDisallow: /x", True),
        (200, b"User-agent: digest\nDisallow: /*0$", False),
    ],
)
def test_robots_txt_is_heeded(
    app: App, server: Server, status: int, body: bytes, *, read: bool
) -> None:
    serve(server, 2)
    server.script["/robots.txt"] = lambda site: site.answer(status, body)
    add(app, server)
    done = pipeline.fetch_feeds(app)[-1]
    assert ("/0" in asked(server)) is read
    assert ("robots.txt" in done.note) is not read
    assert asked(server).count("/robots.txt") == 1


def test_a_site_without_an_answer_for_robots_txt_is_left_alone(app: App, server: Server) -> None:
    serve(server)
    server.script["/robots.txt"] = lambda site: site.wfile.close()
    add(app, server)
    assert "robots.txt does not answer" in pipeline.fetch_feeds(app)[-1].note
    assert "/0" not in asked(server)


def test_at_most_thirty_pages_are_read_at_once_and_the_rest_next_time(
    app: App, server: Server, clock: Clock
) -> None:
    serve(server, 35)
    add(app, server)
    pipeline.fetch_feeds(app)
    pages = [path for path in asked(server) if path not in ("/feed", "/robots.txt")]
    assert len(pages) == 30
    again(app, clock)
    assert len(set(asked(server))) == 35 + 2


def test_pages_of_one_host_are_asked_for_at_its_crawl_delay(app: App, server: Server) -> None:
    serve(server, 3)
    delay = b"User-agent: *\nCrawl-delay: 0.3"
    moments: list[float] = []
    for n in range(3):
        good = server.script[f"/{n}"]

        def answer(site: Site, good: Callable[[Site], None] = good) -> None:
            moments.append(time.monotonic())
            good(site)

        server.script[f"/{n}"] = answer
    server.script["/robots.txt"] = lambda site: site.answer(200, delay)
    add(app, server)
    pipeline.fetch_feeds(app)
    gaps = [after - before for before, after in pairwise(moments)]
    assert len(gaps) == 2
    assert min(gaps) >= 0.29


def test_a_host_is_asked_at_most_once_a_second(tmp_path: Path, server: Server) -> None:
    app = replace(an_app(tmp_path), limits=Limits(pause=1))
    serve(server, 2)
    add(app, server)
    began = time.monotonic()
    pipeline.fetch_feeds(app)
    # feed, robots.txt and two pages of one host: three pauses
    assert 3.0 <= time.monotonic() - began < 6
    with app.database.reading() as tx:
        assert [article.words > 150 for article in articles.newest(tx)] == [True, True]
    app.close()
