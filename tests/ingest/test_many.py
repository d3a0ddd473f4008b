"""Many feeds at once: bad ones hold up nobody, a host is asked politely, time has an end."""

import resource
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from benchmarks import fetch

from digest.errors import IngestError
from digest.ingest.http import Fetcher, Limits
from digest.ingest.many import ask
from digest.model import Feed
from digest.settings import Fetch
from tests.ingest.site import FEED, Server, Site

LOOPBACK = Fetch(allow_networks=("127.0.0.0/8",))
SHORT = Limits(connect=3, first_byte=3, whole=12, grace=3)


@pytest.fixture
def server() -> Iterator[Server]:
    started = Server()
    yield started
    started.close()


def test_a_hundred_bad_feeds_of_two_hundred_hold_up_no_good_one(tmp_path: Path) -> None:
    addresses = fetch.hosts(200)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    runs = {}
    with fetch.serving(addresses) as port:
        for name, some in {
            "alone": [h for h in addresses if fetch.is_good(h)],
            "all": addresses,
        }.items():
            (tmp_path / name).mkdir()
            app = fetch.an_app(tmp_path / name, SHORT)
            runs[name] = fetch.run(app, [f"http://{host}:{port}/feed" for host in some])
            app.close()
    assert (runs["all"].stored, runs["all"].failed) == (100 * fetch.ITEMS, 100)
    assert runs["all"].good <= 2 * runs["alone"].good + 1
    assert runs["all"].whole < SHORT.whole + runs["alone"].whole + 3
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 250 * 1_024


def asked(server: Server, *paths: str) -> list[Feed]:
    for path in paths:
        server.script.setdefault(path, lambda site: site.answer(200, FEED))
    return [Feed(n, server.url(path)) for n, path in enumerate(paths)]


def test_a_host_gets_one_request_at_a_time_and_a_pause_between(server: Server) -> None:
    moments: list[float] = []

    def answer(site: Site) -> None:
        moments.append(time.monotonic())
        site.answer(200, FEED)

    server.script |= dict.fromkeys(("/a", "/b", "/c"), answer)
    with Fetcher(LOOPBACK, limits=Limits(pause=0.2)) as fetcher:
        answers = list(ask(lambda feed: fetcher.fetch(feed.url), asked(server, "/a", "/b", "/c")))
    assert not any(isinstance(answer, IngestError) for _, answer in answers)
    assert all(b - a >= 0.19 for a, b in pairwise(moments))


def test_a_redirect_on_the_same_host_waits_too(server: Server) -> None:
    server.script["/old"] = lambda site: site.answer(302, Location="/a")
    began = time.monotonic()
    with Fetcher(LOOPBACK, limits=Limits(pause=0.3)) as fetcher:
        asked(server, "/a")
        fetcher.fetch(server.url("/old"))
    assert time.monotonic() - began >= 0.29


def test_a_host_that_is_too_slow_is_spared_its_other_feeds(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digest.ingest.many.PATIENCE", 0.3)
    server.script["/slow"] = lambda site: time.sleep(1)
    feeds = asked(server, "/slow", "/other")
    with Fetcher(LOOPBACK, limits=Limits(first_byte=0.4, pause=0)) as fetcher:
        (_, first), (_, second) = ask(lambda feed: fetcher.fetch(feed.url), feeds)
    assert "too slow to answer" in str(first)
    assert "not asked" in str(second)
    assert [path for path, _ in server.seen] == ["/slow"]


def test_feeds_that_have_not_answered_in_time_are_given_up(server: Server) -> None:
    server.script["/slow"] = lambda site: time.sleep(1)
    quick, slow = Feed(1, server.url("/quick")), Feed(2, server.url("/slow"), failures=1)
    asked(server, "/quick")
    began = time.monotonic()
    with Fetcher(LOOPBACK, limits=Limits(pause=0)) as fetcher:
        answers = {
            feed.id: answer
            for feed, answer in ask(lambda feed: fetcher.fetch(feed.url), [quick, slow], within=0.5)
        }
    assert time.monotonic() - began < 0.9
    assert not isinstance(answers[1], IngestError)
    assert "in the time there was" in str(answers[2])


def test_a_bug_in_a_thread_is_not_swallowed() -> None:
    def broken(_: Feed) -> None:
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        list(ask(broken, [Feed(1, "http://a.example/")]))


def test_no_feeds_give_no_answers() -> None:
    assert list(ask(lambda feed: feed, [])) == []
