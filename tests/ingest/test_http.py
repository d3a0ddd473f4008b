"""The fetcher against a real server on the loopback: answers, limits, redirects."""

import gzip
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from digest import __version__
from digest.errors import IngestError
from digest.ingest.http import Fetcher, Limits
from digest.settings import Fetch
from tests.ingest.site import FEED, Server, Site

LOOPBACK = Fetch(allow_networks=("127.0.0.0/8",))
QUICK = Limits(
    pause=0, connect=2, first_byte=0.5, whole=2, grace=0.3, floor=1_000, wire=200_000, raw=500_000
)


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.http.shutdown()
    made.http.server_close()


@pytest.fixture
def fetcher() -> Iterator[Fetcher]:
    with Fetcher(LOOPBACK, limits=QUICK) as made:
        yield made


def test_a_feed_comes_with_its_validators(server: Server, fetcher: Fetcher) -> None:
    server.script["/feed"] = lambda s: s.answer(
        200,
        FEED,
        ETag='"a1"',
        Last_Modified="Mon, 16 Nov 2026 08:00:00 GMT",
        Content_Type="application/rss+xml",
        Cache_Control="public, max-age=1800",
    )
    got = fetcher.fetch(server.url("/feed"))
    assert got.status == "new"
    assert got.document is not None
    assert got.document.content == FEED
    assert got.document.content_type == "application/rss+xml"
    assert (got.etag, got.last_modified) == ('"a1"', "Mon, 16 Nov 2026 08:00:00 GMT")
    assert got.max_age == timedelta(minutes=30)


def test_the_second_fetch_is_conditional_and_unchanged(server: Server, fetcher: Fetcher) -> None:
    server.script["/feed"] = lambda s: s.answer(304 if s.headers["If-None-Match"] else 200, b"")
    got = fetcher.fetch(server.url("/feed"), etag='"a1"', last_modified="yesterday")
    assert got.status == "unchanged"
    assert got.document is None
    assert server.seen[0][1]["if-none-match"] == '"a1"'
    assert server.seen[0][1]["if-modified-since"] == "yesterday"


def test_it_says_who_it_is_and_no_more(server: Server, fetcher: Fetcher) -> None:
    server.script["/"] = lambda s: s.answer(200, FEED)
    fetcher.fetch(server.url("/"))
    head = server.seen[0][1]
    assert head["user-agent"] == f"digest/{__version__} (newsletter digest)"
    assert head["accept-encoding"] == "gzip, deflate"
    assert head["host"] == f"127.0.0.1:{server.port}"
    assert set(head) == {"host", "user-agent", "accept", "accept-encoding", "connection"}


def test_gone_is_a_status_and_not_an_error(server: Server, fetcher: Fetcher) -> None:
    server.script["/old"] = lambda s: s.answer(410)
    assert fetcher.fetch(server.url("/old")).status == "gone"


def test_a_permanent_move_is_told_and_a_passing_one_is_not(
    server: Server, fetcher: Fetcher
) -> None:
    server.script["/a"] = lambda s: s.answer(301, Location="/b")
    server.script["/b"] = lambda s: s.answer(302, Location="/c?x=1")
    server.script["/c?x=1"] = lambda s: s.answer(200, FEED)
    got = fetcher.fetch(server.url("/a"))
    assert got.moved_permanently_to == server.url("/b")
    assert got.url == server.url("/c?x=1")
    assert fetcher.fetch(server.url("/b")).moved_permanently_to == ""


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (503, "the server answered 503; tried again at the next fetch"),
        (404, "there is nothing at this address"),
        (403, "does not let us read this"),
        (418, "which is no feed or page"),
        (599, "answered 599"),
    ],
)
def test_a_refusal_is_a_sentence(server: Server, fetcher: Fetcher, status: int, words: str) -> None:
    server.script["/"] = lambda s: s.answer(status)
    with pytest.raises(IngestError, match=words) as caught:
        fetcher.fetch(server.url("/"))
    assert str(caught.value).startswith(server.url("/") + ": ")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Retry_After": "120"}, timedelta(minutes=2)),
        ({"Retry_After": "Mon, 23 Nov 2099 08:00:00 GMT"}, timedelta(days=365)),
        ({"Retry_After": "soon"}, None),
        ({}, None),
    ],
)
def test_a_busy_server_says_when_to_come_back(
    server: Server, fetcher: Fetcher, headers: dict[str, str], expected: timedelta | None
) -> None:
    server.script["/"] = lambda s: s.answer(429, b"", **headers)
    with pytest.raises(IngestError, match="too often") as caught:
        fetcher.fetch(server.url("/"))
    assert caught.value.retry_after == expected


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda data: zlib.compress(data)[2:-4]),
        ("gzip", lambda data: gzip.compress(data[:100]) + gzip.compress(data[100:])),
        ("", lambda data: data),
    ],
)
def test_compressed_answers_are_read(
    server: Server, fetcher: Fetcher, encoding: str, pack: Callable[[bytes], bytes]
) -> None:
    raw = FEED * 4_000
    server.script["/"] = lambda s: s.answer(200, pack(raw), Content_Encoding=encoding)
    got = fetcher.fetch(server.url("/"))
    assert got.document is not None
    assert got.document.content == raw


@pytest.mark.parametrize(
    ("encoding", "body", "words"),
    [
        ("gzip", gzip.compress(bytes(50_000_000), 1, mtime=0), "bytes"),
        ("gzip", gzip.compress(FEED * 50, mtime=0)[:-20], "breaks off"),
        ("gzip", b"not gzip at all", "damaged"),
        ("br", b"\x8b\x03\x80", "not asked for"),
        ("", bytes(600_000), "announces more than"),
    ],
    ids=["bomb", "cut", "no-gzip", "brotli", "large"],
)
def test_bombs_and_damaged_bodies_are_stopped(
    server: Server, fetcher: Fetcher, encoding: str, body: bytes, words: str
) -> None:
    server.script["/"] = lambda s: s.answer(200, body, Content_Encoding=encoding)
    with pytest.raises(IngestError, match=words):
        fetcher.fetch(server.url("/"))


def test_the_ratio_stops_a_bomb_that_stays_under_the_size_limits(server: Server) -> None:
    server.script["/"] = lambda s: s.answer(
        200, gzip.compress(bytes(15_000_000)), Content_Encoding="gzip"
    )
    with Fetcher(LOOPBACK) as fetcher, pytest.raises(IngestError, match="100-fold"):
        fetcher.fetch(server.url("/"))


def test_a_body_without_end_is_stopped(server: Server, fetcher: Fetcher) -> None:
    def endless(site: Site) -> None:
        site.start()
        while True:
            site.wfile.write(bytes(20_000))

    server.script["/"] = endless
    with pytest.raises(IngestError, match="sent more than 500,000 bytes"):
        fetcher.fetch(server.url("/"))


def test_a_dripping_server_is_stopped(server: Server, fetcher: Fetcher) -> None:
    def drip(site: Site) -> None:
        site.start()
        while True:
            site.wfile.write(b"x")
            time.sleep(0.05)

    server.script["/"] = drip
    began = time.monotonic()
    with pytest.raises(IngestError, match="less than 1,000 bytes a second"):
        fetcher.fetch(server.url("/"))
    assert time.monotonic() - began < 1.5


def test_a_dripping_head_is_stopped(server: Server, fetcher: Fetcher) -> None:
    def drip(site: Site) -> None:
        site.wfile.write(b"HTTP/1.1 200 OK\r\nX-A: ")
        while True:
            site.wfile.write(b"x")
            time.sleep(0.05)

    server.script["/"] = drip
    began = time.monotonic()
    with pytest.raises(IngestError, match="too slow"):
        fetcher.fetch(server.url("/"))
    assert time.monotonic() - began < 1.5


def test_a_silent_server_is_stopped(server: Server, fetcher: Fetcher) -> None:
    server.script["/"] = lambda s: time.sleep(1)
    with pytest.raises(IngestError, match="too slow"):
        fetcher.fetch(server.url("/"))


def test_a_whole_fetch_has_an_end_even_when_bytes_keep_coming(server: Server) -> None:
    def steady(site: Site) -> None:
        site.start()
        while True:
            site.wfile.write(bytes(500))
            time.sleep(0.02)

    server.script["/"] = steady
    limits = Limits(whole=0.6)
    with Fetcher(LOOPBACK, limits=limits) as fetcher, pytest.raises(IngestError, match="too slow"):
        fetcher.fetch(server.url("/"))


@pytest.mark.parametrize("kind", ["image/png", "video/mp4; codecs=x", "application/pdf"])
def test_what_is_no_text_is_refused_by_its_type(
    server: Server, fetcher: Fetcher, kind: str
) -> None:
    server.script["/"] = lambda s: s.answer(200, b"\x89PNG", Content_Type=kind)
    with pytest.raises(IngestError, match="neither a feed nor a page"):
        fetcher.fetch(server.url("/"))


def test_an_answer_that_is_no_http_is_a_sentence(server: Server, fetcher: Fetcher) -> None:
    def greet(site: Site) -> None:
        site.wfile.write(b"SSH-2.0-OpenSSH\r\n")

    server.script["/"] = greet
    with pytest.raises(IngestError, match="no HTTP"):
        fetcher.fetch(server.url("/"))


def test_a_closed_port_is_a_sentence(fetcher: Fetcher) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(IngestError, match="no connection to the server"):
        fetcher.fetch(f"http://127.0.0.1:{port}/")


def test_proxies_of_the_environment_are_ignored(
    server: Server, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    server.script["/"] = lambda s: s.answer(200, FEED)
    assert fetcher.fetch(server.url("/")).status == "new"


def test_threads_share_a_fetcher_with_one_connection_a_host(server: Server) -> None:
    busy, most = 0, 0
    lock = threading.Lock()

    def slow(site: Site) -> None:
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
        time.sleep(0.05)
        with lock:
            busy -= 1
        site.answer(200, FEED)

    server.script["/"] = slow
    results: list[str] = []
    with Fetcher(LOOPBACK, limits=Limits(whole=0.25, pause=0)) as fetcher:
        threads = [
            threading.Thread(target=lambda: results.append(fetcher.fetch(server.url("/")).status))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert results == ["new"] * 8
    assert most == 1


def test_a_closed_fetcher_refuses(server: Server) -> None:
    fetcher = Fetcher(LOOPBACK)
    fetcher.close()
    with pytest.raises(IngestError, match="closed"):
        fetcher.fetch(server.url("/"))
