"""A home page's address is enough; WordPress is read page by page; front pages are watched."""

import gzip
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from digest import pipeline
from digest.app import App
from digest.errors import IngestError, WrongState
from digest.model import Feed, FeedKind
from digest.store import articles, feeds, readings
from digest.store.articles import Stored
from tests.apps import Clock, an_app
from tests.ingest.site import Server, Site
from tests.make import NOW, an_article
from tests.test_gather import a_feed

HTML = "text/html; charset=utf-8"
POSTS = "/wp-json/wp/v2/posts"
LISTED = POSTS + "?per_page=100&_embed=author,wp:featuredmedia,wp:term,replies"


class Routes(dict[str, Callable[[Site], None]]):
    """Answers by path, whatever the query; 404 where there is nothing."""

    def __missing__(self, path: str) -> Callable[[Site], None]:
        bare = path.partition("?")[0]
        return self.get(bare, lambda site: site.answer(404))


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
    started.script = Routes()
    started.http.RequestHandlerClass.script = started.script  # type: ignore[attr-defined]
    yield started
    started.close()


def page(server: Server, path: str, *head: str, body: str = "<p>News.</p>") -> None:
    markup = f"<!doctype html><html><head>{''.join(head)}</head><body>{body}</body></html>"
    server.script[path] = lambda site: site.answer(200, markup.encode(), Content_Type=HTML)


def feed_at(server: Server, path: str, *titles: str) -> None:
    server.script[path] = lambda site: site.answer(200, a_feed(*titles))


def link(kind: str, href: str) -> str:
    return f'<link rel="alternate" type="application/{kind}+xml" href="{href}">'


def a_post(server: Server, number: int, **given: object) -> dict[str, object]:
    return {
        "id": number,
        "type": "post",
        "link": server.url(f"/posts/{number}/"),
        "title": {"rendered": f"Post number {number}"},
        "content": {"rendered": "<p>Words.</p>"},
        "date_gmt": "2026-11-22T08:00:00",
        "modified_gmt": "2026-11-22T08:00:00",
    } | given


def wordpress(server: Server, pages: list[list[dict[str, object]]], *, told: bool = True) -> None:
    """Serve pages of posts, and say how many there are where `told`."""

    def answer(site: Site) -> None:
        number = int(parse_qs(urlsplit(site.path).query).get("page", ["1"])[0])
        extra = {"X_WP_TotalPages": str(len(pages))} if told else {}
        if number > len(pages):
            site.answer(400, b'{"code":"rest_post_invalid_page_number"}')
        else:
            site.answer(200, json.dumps(pages[number - 1]).encode(), **extra)

    server.script[POSTS] = answer


def every(app: App) -> list[Feed]:
    with app.database.reading() as tx:
        return feeds.every(tx)


def test_a_feed_s_own_address_is_the_feed(app: App, server: Server) -> None:
    feed_at(server, "/feed/", "One")
    added = pipeline.add_feed(app, server.url("/feed/"), section="World")
    assert (added.feed.url, added.feed.section) == (server.url("/feed/"), "World")
    assert added.why == "it is a feed itself (rss); articles now: 1"


def test_a_news_sitemap_may_come_as_a_gzip_file(app: App, server: Server) -> None:
    entry = f"<url><loc>{server.url('/a')}</loc><news><title>One more headline</title></news></url>"
    packed = gzip.compress(f"<urlset>{entry}</urlset>".encode())
    kind = "application/gzip"
    server.script["/news.xml.gz"] = lambda site: site.answer(200, packed, Content_Type=kind)
    index = (
        f"<sitemapindex><sitemap><loc>{server.url('/news.xml.gz')}</loc></sitemap></sitemapindex>"
    )
    server.script["/sitemap.xml"] = lambda site: site.answer(200, index.encode())
    with pytest.raises(IngestError, match=r"add one of these: http.*/news\.xml\.gz"):
        pipeline.add_feed(app, server.url("/sitemap.xml"))
    pipeline.add_feed(app, server.url("/news.xml.gz"))
    assert pipeline.fetch_feeds(app)[0].stored == Stored(new=1)


def test_the_feed_a_page_names_is_chosen_and_the_other_is_told(app: App, server: Server) -> None:
    page(server, "/", link("rss", "/broken"), link("atom", "/atom"), link("rss", "/rss2"))
    server.script["/broken"] = lambda site: site.answer(500)
    feed_at(server, "/atom", "One")
    added = pipeline.add_feed(app, server.url("/"))
    assert added.feed.url == server.url("/atom")
    assert added.why == "the page names it as its Atom"
    assert added.others == (server.url("/broken"), server.url("/rss2"))


def test_wordpress_is_preferred_when_it_answers_with_posts(app: App, server: Server) -> None:
    api = f'<link rel="https://api.w.org/" href="{server.url("/wp-json/")}">'
    page(server, "/", api, link("rss", "/feed/"), '<meta property="og:site_name" content="Atlas">')
    feed_at(server, "/feed/", "One")
    wordpress(server, [[a_post(server, 1)]])
    added = pipeline.add_feed(app, server.url("/"))
    assert (added.feed.url, added.feed.title) == (server.url(LISTED), "Atlas")
    assert "biographies" in added.why
    with pytest.raises(WrongState, match="one of the feeds already"):
        pipeline.add_feed(app, server.url("/"))


def test_wordpress_that_hides_its_posts_gives_way_to_the_feed(app: App, server: Server) -> None:
    api = f'<link rel="https://api.w.org/" href="{server.url("/wp-json/")}">'
    page(server, "/", api, link("rss", "/feed/"))
    server.script[POSTS] = lambda site: site.answer(401, b'{"code":"rest_forbidden"}')
    feed_at(server, "/feed/", "One")
    assert pipeline.add_feed(app, server.url("/")).feed.url == server.url("/feed/")


def test_a_usual_path_is_found_when_the_page_names_none(app: App, server: Server) -> None:
    page(server, "/")
    page(server, "/rss")  # a page, as some sites answer everything
    feed_at(server, "/feed.xml", "One")
    assert pipeline.add_feed(app, server.url("/")).feed.url == server.url("/feed.xml")


def test_what_leads_to_no_feed_is_refused_and_nothing_is_stored(app: App, server: Server) -> None:
    page(server, "/")
    with pytest.raises(IngestError, match="names no feed"):
        pipeline.add_feed(app, server.url("/"))
    with pytest.raises(IngestError, match=r"404.*nothing was added; --as-is"):
        pipeline.add_feed(app, server.url("/none"))
    server.close()
    with pytest.raises(IngestError, match=r"no connection.*nothing was added"):
        pipeline.add_feed(app, server.url("/"))
    with pytest.raises(WrongState, match="not a web address"):
        pipeline.add_feed(app, "news.example")
    assert every(app) == []


def test_as_is_adds_without_looking_and_never_twice(app: App, server: Server) -> None:
    added = pipeline.add_feed(app, server.url("/none"), title="Mine", as_is=True)
    assert (added.feed.title, added.why) == ("Mine", "")
    for as_is in (True, False):
        with pytest.raises(WrongState, match="already"):
            pipeline.add_feed(app, server.url("/none"), as_is=as_is)
    assert server.seen == []


def test_a_wordpress_feed_is_read_to_its_last_page_and_then_by_what_changed(
    app: App, server: Server, clock: Clock
) -> None:
    posts = [a_post(server, n) for n in range(230)]
    wordpress(server, [posts[:100], posts[100:200], posts[199:]])
    pipeline.add_feed(app, server.url(POSTS), as_is=True)
    (first,) = pipeline.fetch_feeds(app)
    assert (first.stored, first.refused) == (Stored(new=230), ())
    assert [path for path, _ in server.seen] == [
        LISTED,
        LISTED + "&page=2",
        LISTED + "&page=3",
    ]
    clock.move(days=1)
    changed = a_post(server, 3, title={"rendered": "New"}, modified_gmt="2026-11-23T09:00:00")
    wordpress(server, [[changed]])
    (second,) = pipeline.fetch_feeds(app)
    assert second.stored == Stored(updated=1)
    asked = parse_qs(urlsplit(server.seen[-1][0]).query)
    assert asked["modified_after"] == ["2026-11-23T05:30:00Z"]
    assert every(app)[0].url == server.url(POSTS)


def test_a_page_that_fails_takes_nothing_from_those_before_it(app: App, server: Server) -> None:
    wordpress(server, [[a_post(server, n) for n in range(100)]], told=False)
    pipeline.add_feed(app, server.url(POSTS), as_is=True)
    (done,) = pipeline.fetch_feeds(app)
    assert done.stored == Stored(new=100)
    assert done.error == ""
    assert done.refused[0].startswith("page 2 and those after it")


def test_a_wordpress_feed_is_bounded(app: App, server: Server) -> None:
    pages = [[a_post(server, 100 * p + n) for n in range(100)] for p in range(9)]
    wordpress(server, pages)
    pipeline.add_feed(app, server.url(POSTS), as_is=True)
    (done,) = pipeline.fetch_feeds(app)
    assert done.stored == Stored(new=500)
    assert len(server.seen) == 5


def test_a_wordpress_site_that_moved_is_saved_without_what_was_asked(
    app: App, server: Server
) -> None:
    server.script["/old" + POSTS] = lambda site: site.answer(
        301, Location=site.path.removeprefix("/old") + "&orderby=modified"
    )
    wordpress(server, [[a_post(server, 1)]])
    pipeline.add_feed(app, server.url("/old" + POSTS), as_is=True)
    pipeline.fetch_feeds(app)
    assert every(app)[0].url == server.url(LISTED)


def kept_readings(app: App, *metrics: str) -> list[tuple[int, str, int]]:
    """Return the hour, metric and value of every reading."""
    with app.database.reading() as tx:
        ids = [article.id for article in articles.newest(tx)]
        found = readings.of(tx, ids, None, metrics)
    return [((r.read_at - NOW) // timedelta(hours=1), r.metric, r.value) for r in found]


def test_comments_of_an_unchanged_post_are_read_anew_just_before_an_edition(
    app: App, server: Server, clock: Clock
) -> None:
    wordpress(server, [[a_post(server, 1, comment_count=3)]])
    pipeline.add_feed(app, server.url(POSTS), as_is=True)
    pipeline.fetch_feeds(app)

    def answer(site: Site) -> None:
        asked = parse_qs(urlsplit(site.path).query)
        posts = [a_post(server, 1, comment_count=40)] if "after" in asked else []
        site.answer(200, json.dumps(posts).encode())

    server.script[POSTS] = answer
    clock.move(hours=5)
    start = NOW - timedelta(days=7)
    (done,) = pipeline.refresh(app, clock(), window_start=start, within=timedelta(seconds=20))
    assert (done.error, done.stored) == ("", Stored(unchanged=1))
    assert kept_readings(app, "comments") == [(0, "comments", 3), (5, "comments", 40)]
    asked = [parse_qs(urlsplit(path).query) for path, _ in server.seen[1:3]]
    assert asked[0]["modified_after"] == ["2026-11-23T05:30:00Z"]
    assert asked[1]["after"] == ["2026-11-16T06:30:00Z"]


POPULAR = "/wp-json/wordpress-popular-posts/v1/popular-posts"


def test_views_of_wordpress_popular_posts_are_kept_with_their_time(
    app: App, server: Server, clock: Clock
) -> None:
    wordpress(server, [[a_post(server, 1), a_post(server, 2)]])
    views = [
        {"link": server.url("/posts/1/"), "pageviews": "120"},
        {"link": server.url("/posts/9/"), "pageviews": "7"},
        {"link": "https://other.example/posts/1/", "pageviews": "9"},
        {"link": server.url("/posts/2/"), "pageviews": "many"},
    ]
    server.script[POPULAR] = lambda site: site.answer(200, json.dumps(views).encode())
    pipeline.add_feed(app, server.url(POSTS), as_is=True)
    pipeline.fetch_feeds(app)
    assert kept_readings(app, "views") == []
    clock.move(hours=5)
    pipeline.refresh(app, clock(), window_start=NOW, within=timedelta(seconds=20))
    assert kept_readings(app, "views") == [(5, "views", 120)]
    assert server.seen[-1][0] == POPULAR + "?range=last7days&limit=100"


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b"<html>", b'[{"link": 1, "pageviews": 2}]'])
def test_a_site_without_popular_posts_is_no_trouble(app: App, server: Server, body: bytes) -> None:
    wordpress(server, [[a_post(server, 1)]])
    server.script[POPULAR] = lambda site: site.answer(200 if body else 404, body)
    pipeline.add_feed(app, server.url(POSTS), as_is=True)
    (done,) = pipeline.fetch_feeds(app, force=True)
    assert (done.error, done.stored) == ("", Stored(new=1))
    assert kept_readings(app, "views") == []


def front(server: Server, *numbers: int) -> None:
    stories = "".join(f'<h2><a href="/posts/{n}/">Post number {n}</a></h2>' for n in numbers)
    page(server, "/", body=stories)


def store(app: App, server: Server, *numbers: int) -> dict[int, str]:
    found = [an_article(url=server.url(f"/posts/{n}/")) for n in numbers]
    with app.database.transaction() as tx:
        articles.store(tx, found, app.now())
    return dict(zip(numbers, (article.id for article in found), strict=True))


def positions(app: App, article_id: str) -> list[tuple[int, timedelta]]:
    with app.database.reading() as tx:
        found = readings.of(tx, [article_id], None)
    assert {reading.metric for reading in found} <= {"position:1"}
    return [(reading.value, reading.read_at - NOW) for reading in found]


def test_a_front_page_is_read_every_hour_and_every_place_is_kept(
    app: App, server: Server, clock: Clock
) -> None:
    ids = store(app, server, 1, 2)
    front(server, 9, 1, 8, 2)
    added = pipeline.add_feed(app, server.url("/"), kind=FeedKind.FRONT_PAGE)
    assert added.why == "a front page; headlines now: 4"
    (done,) = pipeline.fetch_feeds(app)
    assert done.note == "4 headlines, 2 of articles we know"
    clock.move(minutes=59)
    assert pipeline.fetch_feeds(app) == []
    clock.move(minutes=1)
    pipeline.fetch_feeds(app)
    clock.move(hours=1)
    front(server, 1, 9, 8)
    pipeline.fetch_feeds(app)
    hour = timedelta(hours=1)
    assert positions(app, ids[1]) == [(2, 0 * hour), (2, hour), (1, 2 * hour)]
    assert positions(app, ids[2]) == [(4, 0 * hour), (4, hour), (0, 2 * hour)]
    with app.database.reading() as tx:
        assert len(articles.newest(tx)) == 2


def test_articles_are_read_before_the_front_page_that_shows_them(app: App, server: Server) -> None:
    front(server, 1, 2, 3)
    pipeline.add_feed(app, server.url("/"), kind=FeedKind.FRONT_PAGE)
    wordpress(server, [[a_post(server, n) for n in (1, 2)]])
    pipeline.add_feed(app, server.url(POSTS))
    done = pipeline.fetch_feeds(app)
    assert done[1].note == "3 headlines, 2 of articles we know"


def test_what_is_no_front_page_leaves_no_reading(app: App, server: Server, clock: Clock) -> None:
    ids = store(app, server, 1)
    front(server, 1, 2, 3)
    feed = pipeline.add_feed(app, server.url("/"), kind=FeedKind.FRONT_PAGE).feed
    page(server, "/", body="<h1>Please prove that you are human</h1>")
    (done,) = pipeline.fetch_feeds(app)
    assert "fewer than 3 headlines" in done.error
    server.script["/"] = lambda site: site.answer(503)
    clock.move(days=2)
    pipeline.fetch_feeds(app)
    assert positions(app, ids[1]) == []
    assert every(app)[0].failures == 2
    assert feed.kind is FeedKind.FRONT_PAGE


def test_only_a_page_can_be_watched(app: App, server: Server) -> None:
    feed_at(server, "/feed", "One")
    with pytest.raises(IngestError, match="is a feed and no page"):
        pipeline.add_feed(app, server.url("/feed"), kind=FeedKind.FRONT_PAGE)
    assert every(app) == []
