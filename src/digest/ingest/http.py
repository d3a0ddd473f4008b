"""Fetch over HTTP, politely and within limits; the only place of this program that fetches.

Every address a host name has is checked, and the connection goes to a checked address, so a
name that changes its answer between check and use gains nothing. Each redirect is checked anew.
"""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any, Self

import ada_url
import httpcore2
import httpx2

from digest import __version__
from digest.errors import IngestError
from digest.ingest import answers, guard
from digest.ingest.answers import Answer, Fetched, Want
from digest.ingest.inflate import Body
from digest.ingest.limits import Limits, Turns, Watch
from digest.settings import Fetch

__all__ = ["Fetched", "Fetcher", "Limits", "resolve"]

AGENT = "digest"  #: the word robots.txt knows us by

Resolve = Callable[[str, int], list[str]]


def resolve(host: str, port: int) -> list[str]:
    """Return every address of a host name, as the system knows them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Fetcher:
    """Fetches feeds and pages, one connection a host; may be used from several threads."""

    def __init__(
        self,
        settings: Fetch,
        *,
        limits: Limits | None = None,
        resolve: Resolve = resolve,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._allowed = guard.networks(settings.allow_networks)
        self._limits = limits or Limits()
        self._resolve = resolve
        self._ssl_context = ssl_context
        self._lock = threading.Lock()
        self._turns = Turns(self._limits)
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Refuse further fetches; no connection outlives the fetch that opened it."""
        self._closed = True

    def fetch(self, url: str, *, etag: str = "", last_modified: str = "") -> Fetched:
        """Ask for `url` and follow redirects; IngestError says in a sentence what went wrong."""
        self._require_open(url)
        with _named(url):
            return answers.fetched(*self._follow(_target(url), _headers(etag, last_modified)))

    def answer(self, url: str, want: Want = Want.TEXT) -> Answer:
        """Return the answer at the end of the redirects, whatever its status."""
        self._require_open(url)
        with _named(url):
            last, answer, _ = self._follow(_target(url), _headers("", "", want), want)
            return replace(answer, url=last)

    def picture(self, url: str) -> bytes:
        """Return what may be a picture; IngestError says why there is none."""
        answer = self.answer(url, Want.PICTURE)
        with _named(url):
            return answers.picture(answer)

    def slow_down(self, url: str, seconds: float) -> None:
        """Leave at least so many seconds between two requests to the host of `url`."""
        self._turns.slow_down(_target(url).hostname, seconds)

    def _require_open(self, url: str) -> None:
        if self._closed:
            raise IngestError(f"{url}: the fetcher is closed")

    def _follow(
        self, asked: ada_url.URL, headers: Mapping[str, str], want: Want = Want.TEXT
    ) -> tuple[str, Answer, str]:
        """Return the last address asked, its answer, and where a feed moved for good."""
        watch = Watch(self._limits, time.monotonic)
        moved, permanent = "", True
        for _ in range(self._limits.redirects + 1):
            answer = self._ask(asked, headers, watch, want)
            if answer.status not in answers.REDIRECTS:
                return asked.href, answer, moved
            asked = _redirected(asked, answer.headers.get("location", ""))
            permanent = permanent and answer.status in answers.PERMANENT
            moved = asked.href if permanent else moved
        raise IngestError(f"redirected more than {self._limits.redirects} times")

    def _ask(
        self, url: ada_url.URL, headers: Mapping[str, str], watch: Watch, want: Want
    ) -> Answer:
        with self._turns.host(url.hostname, watch), _translated():
            backend = _Backend(self._resolve, self._allowed, watch)
            context = self._tls() if url.protocol == "https:" else None
            with (
                httpcore2.ConnectionPool(
                    context, max_connections=1, network_backend=backend
                ) as pool,
                pool.stream("GET", _core_url(url), headers=_with_host(url, headers)) as response,
            ):
                return self._read(response, watch, want)

    def _read(self, response: httpcore2.Response, watch: Watch, want: Want) -> Answer:
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in response.headers
        }
        if response.status not in answers.OK or want is Want.HEAD:
            return Answer(response.status, headers)
        answers.refuse_by_head(headers, self._limits, want)
        body = Body(headers.get("content-encoding", ""), self._limits)
        watch.body()
        with ExitStack() as held:
            held.callback(body.drop)
            large = False
            for chunk in response.iter_stream():
                body.add(chunk)
                if body.size > self._limits.large and not large:
                    large = True
                    held.enter_context(self._turns.large(watch))
            return Answer(response.status, headers, body.finish())

    def _tls(self) -> ssl.SSLContext:
        with self._lock:
            if self._ssl_context is None:
                self._ssl_context = httpx2.create_ssl_context(trust_env=False)
            return self._ssl_context


@contextmanager
def _named(url: str) -> Iterator[None]:
    """Name the address in every error."""
    try:
        yield
    except IngestError as exc:
        raise IngestError(f"{url}: {exc}", retry_after=exc.retry_after) from exc


def _target(url: str) -> ada_url.URL:
    try:
        parsed = ada_url.URL(url)
    except ValueError as exc:
        raise IngestError("is not a web address") from exc
    if parsed.protocol not in {"http:", "https:"} or not parsed.hostname:
        raise IngestError("is not an http or https address")
    if parsed.username or parsed.password:
        raise IngestError("carries a user name or password; only public addresses are fetched")
    return parsed


def _redirected(base: ada_url.URL, location: str) -> ada_url.URL:
    """Return where a redirect leads, checked like any other address."""
    if not location:
        raise IngestError("redirected without saying where to")
    try:
        return _target(ada_url.URL(location, base=base.href).href)
    except ValueError as exc:
        raise IngestError("redirected to something that is not a web address") from exc
    except IngestError as exc:
        raise IngestError(f"redirected to {location[:200]!r}, which {exc}") from exc


def _headers(etag: str, last_modified: str, want: Want = Want.TEXT) -> dict[str, str]:
    sent = {
        "User-Agent": f"{AGENT}/{__version__} (newsletter digest)",
        "Accept": answers.ACCEPT[want],
        "Accept-Encoding": "gzip, deflate",
        "Connection": "close",
        "If-None-Match": etag,
        "If-Modified-Since": last_modified,
    }
    return {name: value for name, value in sent.items() if value and value.isprintable()}


def _with_host(url: ada_url.URL, headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    pairs = {"Host": url.host, **headers}
    return [(name.encode("ascii"), value.encode("latin-1")) for name, value in pairs.items()]


def _core_url(url: ada_url.URL) -> httpcore2.URL:
    return httpcore2.URL(
        scheme=url.protocol.rstrip(":").encode(),
        host=url.hostname.strip("[]").encode(),
        port=int(url.port) if url.port else None,
        target=(url.pathname + url.search).encode(),
    )


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the HTTP library's errors into sentences."""
    try:
        yield
    except httpcore2.TimeoutException as exc:
        raise IngestError("the server was too slow to answer") from exc
    except httpcore2.ConnectError as exc:
        if isinstance(exc.__cause__, ssl.SSLError) or "certificate" in str(exc).lower():
            raise IngestError(f"the secure connection failed ({exc})") from exc
        raise IngestError(f"no connection to the server ({exc})") from exc
    except (httpcore2.NetworkError, httpcore2.ProtocolError) as exc:
        raise IngestError(f"the connection broke off or the answer was no HTTP ({exc})") from exc


class _Backend(httpcore2.NetworkBackend):
    """The network as one fetch may use it: checked addresses, timed streams."""

    def __init__(self, resolve: Resolve, allowed: tuple[guard.Network, ...], watch: Watch) -> None:
        self._resolve = resolve
        self._allowed = allowed
        self._watch = watch

    def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore2.NetworkStream:
        """Connect to the first address of `host` that answers, once all of them have passed."""
        addresses = self._checked(host, port)
        for rest in range(len(addresses), 0, -1):
            timeout = self._watch.left() / rest
            try:
                stream = httpcore2.SyncBackend().connect_tcp(str(addresses[-rest]), port, timeout)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if rest == 1:
                    raise
            else:
                self._watch.connected()
                return _Stream(stream, self._watch)
        raise _no_host(host)

    def _checked(self, host: str, port: int) -> list[guard.Address]:
        literal = guard.parse_address(host)
        try:
            found = [host] if literal else self._resolve(host, port)
        except (OSError, UnicodeError) as exc:
            raise _no_host(host) from exc
        addresses = [guard.parse_address(text) for text in found]
        known = [address for address in addresses if address is not None]
        for address in known:
            guard.check(address, port, self._allowed)
        return known


class _Stream(httpcore2.NetworkStream):
    """A stream whose every step is held to what the fetch has left."""

    def __init__(self, inner: httpcore2.NetworkStream, watch: Watch) -> None:
        self._inner = inner
        self._watch = watch

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        data = self._inner.read(max_bytes, self._watch.left())
        self._watch.count(len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._inner.write(buffer, self._watch.left())

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore2.NetworkStream:
        inner = self._inner.start_tls(ssl_context, server_hostname, self._watch.left())
        self._watch.connected()
        return _Stream(inner, self._watch)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _no_host(host: str) -> IngestError:
    return IngestError(f"there is no host {host}, or its name cannot be looked up")
