"""The fetcher against a real server on the loopback: limits, redirects, private addresses."""

import gzip
import json
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from digest import __version__
from digest.errors import IngestError
from digest.ingest.http import Fetcher, Limits
from digest.settings import Fetch

LOOPBACK = Fetch(allow_networks=("127.0.0.0/8",))
QUICK = Limits(
    connect=2, first_byte=0.5, whole=2, grace=0.3, floor=1_000, wire=200_000, raw=500_000
)
FEED = b"<rss><channel><title>Atlas</title></channel></rss>"


class Site(BaseHTTPRequestHandler):
    """Answers each path in its own bad or good way."""

    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, dict[str, str]]]
    script: dict[str, Callable[["Site"], None]]

    def do_GET(self) -> None:
        self.seen.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
        self.script[self.path](self)

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def start(self, **headers: str) -> None:
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class Server:
    """A site with a script and a record of what was asked."""

    def __init__(self) -> None:
        self.script: dict[str, Callable[[Site], None]] = {}
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.connections = 0
        handler = type("Handler", (Site,), {"script": self.script, "seen": self.seen})
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.http.handle_error = lambda *_: None  # type: ignore[method-assign]
        verify = self.http.verify_request

        def counted(request: object, address: object) -> bool:
            self.connections += 1
            return verify(request, address)  # type: ignore[arg-type]

        self.http.verify_request = counted  # type: ignore[method-assign, assignment]
        self.port = self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"


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
    server.script["/"] = lambda s: s.answer(429, **headers)
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
    server.script["/"] = lambda s: s.wfile.write(b"SSH-2.0-OpenSSH\r\n")
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
    with Fetcher(LOOPBACK, limits=Limits(whole=0.25)) as fetcher:
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


# --- private addresses -----------------------------------------------------------------------


def to_loopback(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


def test_every_spelling_of_a_private_address_is_refused(
    corpus: Callable[[str], Path], server: Server
) -> None:
    cases = json.loads((corpus("ssrf-urls") / "urls.json").read_text())
    taken = []
    with Fetcher(Fetch(), limits=QUICK, resolve=to_loopback) as fetcher:
        for case in cases:
            try:
                fetcher.fetch(case["url"])
            except IngestError:
                continue
            taken.append(case["url"])
    assert taken == []
    assert len(cases) == 113
    assert server.connections == 0


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:{port}/secret",
        "http://localhost:{port}/secret",
        "//127.0.0.1:{port}/secret",
        "file:///etc/passwd",
        "http://169.254.169.254/",
        "http://user:pw@example.com/",
        "http://example.com@127.0.0.1:{port}/",
        "http://10.1.2.3/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://[64:ff9b::7f00:1]:{port}/",
        "gopher://127.0.0.1:{port}/_x",
        "",
    ],
)
def test_a_redirect_to_a_private_address_is_refused(server: Server, location: str) -> None:
    """The first hop lies in an allowed network of its own, the target does not."""
    secret = Server()
    secret.script["/secret"] = lambda s: s.answer(200, FEED)
    server.script["/"] = lambda s: s.answer(302, Location=location.format(port=secret.port))
    outside = Fetch(allow_networks=("127.0.0.2/32",))
    front = ThreadingHTTPServer(
        ("127.0.0.2", 0), type("Front", (Site,), {"script": server.script, "seen": []})
    )
    threading.Thread(target=front.serve_forever, args=(0.02,), daemon=True).start()
    url = f"http://127.0.0.2:{front.server_address[1]}/"
    with Fetcher(outside, limits=QUICK, resolve=to_loopback) as fetcher:
        with pytest.raises(IngestError):
            fetcher.fetch(url)
    front.shutdown()
    front.server_close()
    secret.http.shutdown()
    secret.http.server_close()
    assert secret.connections == 0


@pytest.mark.parametrize("length", [2, 20])
def test_loops_and_long_chains_of_redirects_end(
    server: Server, fetcher: Fetcher, length: int
) -> None:
    for n in range(length):
        target = f"/{(n + 1) % length}"
        server.script[f"/{n}"] = lambda s, target=target: s.answer(307, Location=target)  # type: ignore[misc]
    with pytest.raises(IngestError, match="redirected more than 5 times"):
        fetcher.fetch(server.url("/0"))
    assert len(server.seen) == 6


def test_a_meta_refresh_is_not_followed(server: Server, fetcher: Fetcher) -> None:
    page = b'<meta http-equiv="refresh" content="0;url=/secret">'
    server.script["/"] = lambda s: s.answer(200, page)
    assert fetcher.fetch(server.url("/")).url == server.url("/")
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["93.184.215.14", "127.0.0.1"], ["::ffff:127.0.0.1"], ["::1"], []],
)
def test_one_private_address_of_a_name_is_enough_to_refuse(
    server: Server, addresses: list[str]
) -> None:
    with Fetcher(Fetch(), limits=QUICK, resolve=lambda *_: addresses) as fetcher:
        with pytest.raises(IngestError):
            fetcher.fetch("http://rebind.example/")
    assert server.connections == 0


def test_a_name_is_looked_up_once_so_a_second_answer_cannot_matter(server: Server) -> None:
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    server.script["/"] = lambda s: s.answer(200, FEED)
    with Fetcher(LOOPBACK, limits=QUICK, resolve=rebinding) as fetcher:
        got = fetcher.fetch(f"http://feeds.example:{server.port}/")
    assert got.status == "new"
    assert asked == ["feeds.example"]
    assert server.seen[0][1]["host"] == f"feeds.example:{server.port}"


def test_the_refusal_names_the_address_and_the_setting() -> None:
    with Fetcher(Fetch(), resolve=lambda *_: ["10.0.0.1"]) as fetcher:
        with pytest.raises(IngestError) as caught:
            fetcher.fetch("http://intranet.example/feed")
    assert str(caught.value) == (
        "http://intranet.example/feed: leads to a private address (10.0.0.1); "
        "allow it in [fetch] allow_networks if it is yours"
    )


def test_a_name_nobody_knows_is_a_sentence() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    with Fetcher(Fetch(), resolve=unknown) as fetcher:
        with pytest.raises(IngestError, match="there is no host nowhere.example"):
            fetcher.fetch("https://nowhere.example/feed")


def test_tls_is_checked_against_the_name_and_not_the_address(server: Server) -> None:
    import ssl

    import trustme

    authority = trustme.CA()
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("feeds.example").configure_cert(ours)
    server.script["/"] = lambda s: s.answer(200, FEED)
    server.http.socket = ours.wrap_socket(server.http.socket, server_side=True)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with Fetcher(LOOPBACK, limits=QUICK, resolve=to_loopback, ssl_context=trusting) as fetcher:
        assert fetcher.fetch(f"https://feeds.example:{server.port}/").status == "new"
        with pytest.raises(IngestError, match="secure connection failed"):
            fetcher.fetch(f"https://other.example:{server.port}/")
    with Fetcher(LOOPBACK, limits=QUICK, resolve=to_loopback) as strict:
        with pytest.raises(IngestError, match="secure connection failed"):
            strict.fetch(f"https://feeds.example:{server.port}/")
