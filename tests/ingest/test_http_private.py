"""The fetcher and private addresses: every spelling, redirect and name is refused."""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

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
    with Fetcher(outside, limits=QUICK, resolve=to_loopback) as fetcher, pytest.raises(IngestError):
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
    with (
        Fetcher(Fetch(), limits=QUICK, resolve=lambda *_: addresses) as fetcher,
        pytest.raises(IngestError),
    ):
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
    with (
        Fetcher(Fetch(), resolve=lambda *_: ["10.0.0.1"]) as fetcher,
        pytest.raises(IngestError) as caught,
    ):
        fetcher.fetch("http://intranet.example/feed")
    assert str(caught.value) == (
        "http://intranet.example/feed: leads to a private address (10.0.0.1); "
        "allow it in [fetch] allow_networks if it is yours"
    )


def test_a_name_nobody_knows_is_a_sentence() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    with (
        Fetcher(Fetch(), resolve=unknown) as fetcher,
        pytest.raises(IngestError, match="there is no host nowhere"),
    ):
        fetcher.fetch("https://nowhere.example/feed")


def test_tls_is_checked_against_the_name_and_not_the_address(server: Server) -> None:
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
    with (
        Fetcher(LOOPBACK, limits=QUICK, resolve=to_loopback) as strict,
        pytest.raises(IngestError, match="secure connection failed"),
    ):
        strict.fetch(f"https://feeds.example:{server.port}/")
