"""Whose article is it: a new address of the same words, and another outlet's address."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from digest import pipeline
from digest.app import App
from digest.model import Article
from digest.pipeline.renamed import MOST
from digest.store import articles, feeds, readings
from digest.store.articles import Stored
from tests.apps import Clock, an_app
from tests.ingest.site import Server, Site

FEED = """<?xml version="1.0"?>
<rss version="2.0" xmlns:slash="http://purl.org/rss/1.0/modules/slash/"><channel>
<title>{title}</title>{items}</channel></rss>"""
ITEM = """<item><title>{title}</title><link>{url}</link><guid>{url}</guid>
<pubDate>Sun, 22 Nov 2026 08:00:00 GMT</pubDate><slash:comments>7</slash:comments>
<description>{words}</description></item>"""


def a_feed(
    *items: tuple[str, str], title: str = "Atlas", words: str = "Ships move again."
) -> bytes:
    told = [ITEM.format(title=headline, url=url, words=words) for headline, url in items]
    return FEED.format(title=title, items="".join(told)).encode()


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Iterator[App]:
    opened = an_app(tmp_path, database_url, Clock())
    yield opened
    opened.close()


@pytest.fixture
def server() -> Iterator[Server]:
    started = Server()
    yield started
    started.close()


def fetch(app: App, server: Server, path: str, content: bytes, host: str = "127.0.0.1") -> Stored:
    """Read a feed with this content; it is added when it is new."""
    server.script[path] = lambda site: site.answer(200, content)
    url = server.url(path).replace("127.0.0.1", host)
    with app.database.transaction() as tx:
        known = {feed.url: feed for feed in feeds.every(tx)}
        name = str((known.get(url) or feeds.add(tx, url)).id)
    (done,) = pipeline.fetch_feeds(app, [name], force=True)
    assert not done.error
    return done.stored


def stored(app: App) -> dict[str, Article]:
    with app.database.reading() as tx:
        return {article.url: article for article in articles.newest(tx)}


def moved(site: Site) -> None:
    site.answer(301, Location="/new")


@pytest.mark.parametrize(
    ("old", "count"),
    [
        (lambda site: site.answer(404), 1),
        (lambda site: site.answer(410), 1),
        (moved, 1),
        (lambda site: site.answer(200, b"<p>Yesterday's column"), 2),
        (lambda site: site.answer(503), 2),
    ],
    ids=["not found", "gone", "leads to the new one", "still there", "in trouble"],
)
def test_the_old_address_says_whether_the_same_words_are_the_same_article(
    app: App, server: Server, old: object, count: int
) -> None:
    server.script["/old"] = old  # type: ignore[assignment]
    server.script["/new"] = lambda site: site.answer(200, b"<p>Ships")
    fetch(app, server, "/feed", a_feed(("Harbour opens", server.url("/old"))))
    fetch(app, server, "/feed", a_feed(("Harbour opens", server.url("/new"))))
    assert len(stored(app)) == count
    assert server.url("/new") in stored(app)


def test_a_new_article_asks_no_old_address(app: App, server: Server) -> None:
    fetch(app, server, "/feed", a_feed(("Harbour opens", server.url("/old"))))
    fetch(app, server, "/feed", a_feed(("Harbour shuts", server.url("/new"))))
    assert [path for path, _ in server.seen] == ["/feed", "/feed"]


@pytest.mark.parametrize("status", [404, 503, 200])
def test_few_old_addresses_speak_for_many(app: App, server: Server, status: int) -> None:
    many = range(MOST + 5)
    for n in many:
        server.script[f"/old/{n}"] = lambda site: site.answer(status)
    for folder in ("old", "new"):
        items = [(f"Story {n}", server.url(f"/{folder}/{n}")) for n in many]
        fetch(app, server, "/feed", a_feed(*items))
    paths = [path for path, _ in server.seen if path.startswith("/old/")]
    assert len(paths) == MOST
    assert len(stored(app)) == len(many) * (1 if status == 404 else 2)


def test_a_server_that_fails_is_asked_no_second_old_address(app: App, server: Server) -> None:
    for n in range(3):
        server.script[f"/old/{n}"] = lambda site: site.answer(302)  # without saying where to
    for folder in ("old", "new"):
        items = [(f"Story {n}", server.url(f"/{folder}/{n}")) for n in range(3)]
        fetch(app, server, "/feed", a_feed(*items))
    assert [path for path, _ in server.seen if path.startswith("/old/")] == ["/old/0"]
    assert len(stored(app)) == 6


ELSEWHERE = "https://news.example/harbour"


def test_a_feed_cannot_write_over_the_article_of_another_outlet(app: App, server: Server) -> None:
    fetch(app, server, "/one", a_feed(("Harbour opens", ELSEWHERE), title="One"))
    for title in ("Two", "One"):  # a title anyone can choose
        evil = a_feed(("Buy pills", ELSEWHERE), title=title, words="Cheap pills.")
        done = fetch(app, server, f"/{title}-2", evil, host="localhost")
        assert done == Stored(unchanged=1)
    (article,) = stored(app).values()
    assert (article.title, article.feed) == ("Harbour opens", "One")
    with app.database.reading() as tx:
        assert len(readings.of(tx, [article.id], None)) == 1


def test_a_guid_of_another_outlet_gives_an_article_of_its_own(app: App, server: Server) -> None:
    fetch(app, server, "/one", a_feed(("Harbour opens", ELSEWHERE), title="One"))
    forged = a_feed(("Buy pills", ELSEWHERE + "-2"), title="Two").replace(
        f"<guid>{ELSEWHERE}-2".encode(), f"<guid>{ELSEWHERE}".encode()
    )
    assert fetch(app, server, "/two", forged) == Stored(new=1)
    assert stored(app)[ELSEWHERE].title == "Harbour opens"


def test_the_feed_that_told_an_article_may_change_it(app: App, server: Server) -> None:
    fetch(app, server, "/one", a_feed(("Harbour opens", ELSEWHERE)))
    assert fetch(app, server, "/one", a_feed(("Harbour shuts", ELSEWHERE))) == Stored(updated=1)


def test_feeds_of_one_site_share_its_articles(app: App, server: Server) -> None:
    here = server.url("/harbour")
    fetch(app, server, "/news", a_feed(("Harbour opens", here), title="News"))
    assert fetch(app, server, "/world", a_feed(("Harbour shuts", here), title="World")) == Stored(
        updated=1
    )


def test_an_outlet_takes_its_article_back_from_who_told_it_first(app: App, server: Server) -> None:
    here = server.url("/harbour")
    squat = a_feed(("Buy pills", here), title="Two", words="Cheap pills.")
    assert fetch(app, server, "/two", squat, host="localhost") == Stored(new=1)
    assert fetch(app, server, "/one", a_feed(("Harbour opens", here))) == Stored(updated=1)
    assert fetch(app, server, "/two", squat, host="localhost") == Stored(unchanged=1)
    assert stored(app)[here].title == "Harbour opens"
