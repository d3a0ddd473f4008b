"""Feeds and files become stored articles; one that fails stops no other and loses nothing."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from digest import pipeline
from digest.app import App
from digest.model import Feed
from digest.store import articles, feeds, readings
from digest.store.articles import Stored
from tests.apps import Clock, an_app
from tests.ingest.site import Server, Site
from tests.make import NOW

FEED = """<?xml version="1.0"?>
<rss version="2.0" xmlns:slash="http://purl.org/rss/1.0/modules/slash/"><channel>
<title>Atlas</title>
{items}
</channel></rss>"""
ITEM = """<item><title>{title}</title><link>https://news.example/{n}</link>
<guid>g{n}</guid><pubDate>Sun, 22 Nov 2026 08:00:00 GMT</pubDate>
<slash:comments>{comments}</slash:comments><description>Ships move again.</description></item>"""


def a_feed(*titles: str, comments: int = 3) -> bytes:
    items = [ITEM.format(title=t, n=n, comments=comments) for n, t in enumerate(titles)]
    return FEED.format(items="\n".join(items)).encode()


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
    yield started
    started.close()


def add(app: App, url: str) -> Feed:
    with app.database.transaction() as tx:
        return feeds.add(tx, url)


def stored(app: App) -> list[str]:
    with app.database.reading() as tx:
        return sorted(article.title for article in articles.newest(tx))


def state(app: App, feed: Feed) -> Feed:
    with app.database.reading() as tx:
        return feeds.get(tx, feed.id)


def test_a_second_fetch_with_nothing_new_asks_conditionally_and_writes_no_article(
    app: App, server: Server, clock: Clock
) -> None:
    def answer(site: Site) -> None:
        if site.headers.get("If-None-Match") == '"v1"':
            site.answer(304)
        else:
            site.answer(200, a_feed("One", "Two"), ETag='"v1"')

    server.script["/feed"] = answer
    feed = add(app, server.url("/feed"))
    (first,) = pipeline.fetch_feeds(app)
    assert first.stored == Stored(new=2)
    assert state(app, feed).title == "Atlas"
    assert pipeline.fetch_feeds(app) == []
    clock.move(days=2)
    (second,) = pipeline.fetch_feeds(app)
    assert (second.note, second.stored) == ("nothing new", Stored())
    assert stored(app) == ["One", "Two"]
    assert [name for name, _ in server.seen] == ["/feed", "/feed"]


def test_counts_are_kept_with_their_time(app: App, server: Server, clock: Clock) -> None:
    counts = iter((3, 40))
    server.script["/feed"] = lambda site: site.answer(200, a_feed("One", comments=next(counts)))
    add(app, server.url("/feed"))
    pipeline.fetch_feeds(app)
    clock.move(hours=5)
    pipeline.fetch_feeds(app, force=True)
    with app.database.reading() as tx:
        (article,) = articles.newest(tx)
        found = readings.of(tx, [article.id], None)
    assert [(r.value, r.read_at) for r in found] == [(3, NOW), (40, NOW + timedelta(hours=5))]


def test_a_feed_that_fails_stops_no_other_and_is_noted(app: App, server: Server) -> None:
    server.script["/good"] = lambda site: site.answer(200, a_feed("One"))
    server.script["/bad"] = lambda site: site.answer(500)
    server.script["/odd"] = lambda site: site.answer(200, b"\x89PNG\r\n\x1a\n")
    added = {path: add(app, server.url(path)) for path in ("/bad", "/odd", "/good")}
    done = {gathered.name: gathered for gathered in pipeline.fetch_feeds(app)}
    assert stored(app) == ["One"]
    assert "500" in done[server.url("/bad")].error
    assert "PNG" in done[server.url("/odd")].error
    assert state(app, added["/bad"]).failures == 1
    assert "500" in state(app, added["/bad"]).last_error
    assert state(app, added["/good"]).last_error == ""


def test_what_was_stored_stays_when_the_feed_breaks(app: App, server: Server) -> None:
    server.script["/feed"] = lambda site: site.answer(200, a_feed("One"))
    feed = add(app, server.url("/feed"))
    pipeline.fetch_feeds(app)
    for body in (b"", b"<rss>", b"<!DOCTYPE x [<!ENTITY a 'b'>]><rss>&a;</rss>", b"not a feed" * 9):
        server.script["/feed"] = lambda site, body=body: site.answer(200, body)  # type: ignore[misc]
        pipeline.fetch_feeds(app, [str(feed.id)], force=True)
        assert "One" in stored(app)
    server.script["/feed"] = lambda site: site.answer(200, a_feed("One", "Two"))
    pipeline.fetch_feeds(app, [str(feed.id)], force=True)
    assert {"One", "Two"} <= set(stored(app))
    assert state(app, feed).failures == 0


def test_a_feed_that_is_gone_is_not_asked_again(app: App, server: Server, clock: Clock) -> None:
    server.script["/feed"] = lambda site: site.answer(410)
    feed = add(app, server.url("/feed"))
    assert "410" in pipeline.fetch_feeds(app)[0].error
    assert state(app, feed).ended
    clock.move(days=30)
    assert pipeline.fetch_feeds(app) == []


def test_a_feed_that_moved_for_good_is_saved_under_its_new_address(
    app: App, server: Server
) -> None:
    server.script["/old"] = lambda site: site.answer(301, Location="/new")
    server.script["/new"] = lambda site: site.answer(200, a_feed("One"))
    feed = add(app, server.url("/old"))
    pipeline.fetch_feeds(app)
    assert state(app, feed).url == server.url("/new")


def test_a_feed_that_moved_onto_another_one_ends(app: App, server: Server) -> None:
    server.script["/old"] = lambda site: site.answer(301, Location="/new")
    server.script["/new"] = lambda site: site.answer(200, a_feed("One"))
    add(app, server.url("/new"))
    old = add(app, server.url("/old"))
    done = pipeline.fetch_feeds(app)
    assert [gathered.error for gathered in done if gathered.name == server.url("/new")] == [""]
    assert state(app, old).ended
    assert stored(app) == ["One"]


def test_files_are_imported_once(app: App, tmp_path: Path) -> None:
    (tmp_path / "feeds").mkdir()
    (tmp_path / "feeds/a.xml").write_bytes(a_feed("One", "Two"))
    (first,) = pipeline.import_files(app, [tmp_path / "feeds"])
    assert first.stored == Stored(new=2)
    (again,) = pipeline.import_files(app, [tmp_path / "feeds/a.xml"])
    assert again.stored == Stored(unchanged=2)


@pytest.mark.parametrize(
    "name",
    ["xml-bombs", "json-horrors", "html-xss-dompurify", "feeds-feedparser", "feeds-w3c-validator"],
)
def test_no_hostile_file_touches_what_was_stored_before(
    tmp_path: Path, corpus: Callable[[str], Path], name: str
) -> None:
    app = an_app(tmp_path)
    # some of them link to "1", which is completed from our own site
    (tmp_path / "a.xml").write_bytes(a_feed("One", "Two").replace(b"/news.", b"/earlier."))
    pipeline.import_files(app, [tmp_path / "a.xml"])
    with app.database.reading() as tx:
        before = [articles.find(tx, f"https://earlier.example/{n}") for n in range(2)]
    done = pipeline.import_files(app, [corpus(name)])
    assert len(done) > 1
    with app.database.reading() as tx:
        assert [articles.find(tx, article.id) for article in before] == before
    app.close()
