"""The frame of every page: headers, sizes, times, request ids, counts, a log without secrets."""

import asyncio
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from digest import membership
from digest.app import App
from digest.audience.tokens import UNSUBSCRIBE, make_token
from digest.web import AREAS, build, frame
from digest.web.base import Web
from tests.apps import an_app, fill
from tests.web.test_api import a_key

BASE = "https://digest.news.example"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    opened = an_app(tmp_path)
    fill(opened, readers=1)
    yield opened
    opened.close()


@pytest.fixture
def client(app: App) -> Iterator[TestClient]:
    with TestClient(build(app), base_url=BASE, raise_server_exceptions=False) as started:
        yield started


def a_path(app: App) -> str:
    (mine,) = membership.find_subscriber(app, "r0@reader.example").subscriptions
    return f"/u/{app.keys.current}{make_token(app.keys, UNSUBSCRIBE, mine.public_id)}"


def test_every_answer_has_the_headers(app: App, client: TestClient) -> None:
    paths = [a_path(app), "/", "/subscribe", "/nothing", "/healthz", "/api/v1/editions", "/u/%00"]
    for path in [*paths, "/static/site.css", "/static/none.css", "/editions/none", "/metrics"]:
        for method in ("GET", "HEAD", "POST", "OPTIONS", "TRACE"):
            answer = client.request(method, path)
            for name, value in frame.HEADERS.items():
                if name not in ("Cache-Control", "X-Robots-Tag"):
                    assert answer.headers[name] == value, (method, path)
            assert answer.headers["strict-transport-security"] == "max-age=31536000"
            assert "unsafe" not in answer.headers["content-security-policy"]
            assert "set-cookie" not in answer.headers
            assert answer.status_code < 500


def test_token_pages_leak_nothing(app: App, client: TestClient) -> None:
    """T17: no referrer, not kept, not indexed, nothing from elsewhere."""
    for answer in (client.get(a_path(app)), client.post(a_path(app))):
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-robots-tag"] == "noindex"
        assert re.findall(r"(?:src|href)=\"(https?:[^\"]+)", answer.text) == [
            "https://news.example"
        ]
        assert "reader.example" not in answer.text


def test_a_failure_of_ours_has_the_headers_too(app: App) -> None:
    site = build(app)

    def fail() -> None:
        raise RuntimeError("a secret")

    site.add_api_route("/fail", fail)
    with TestClient(site, base_url=BASE, raise_server_exceptions=False) as client:
        answer = client.get("/fail")
    assert answer.status_code == 500
    assert answer.headers["content-security-policy"] == frame.CSP
    assert "a secret" not in answer.text


def test_a_request_has_an_id_and_keeps_a_decent_one(client: TestClient) -> None:
    assert re.fullmatch(r"[0-9a-f]{16}", client.get("/").headers["x-request-id"])
    for given, kept in (("proxy-1234", True), ("a\nb", False), ("x" * 65, False), ("é" * 9, False)):
        headers = {b"X-Request-ID": given.encode("utf-8")}
        assert (client.get("/", headers=headers).headers["x-request-id"] == given) is kept


def test_a_long_body_is_refused_whether_its_length_is_said_or_not(
    app: App, client: TestClient
) -> None:
    long = b"x" * ((64 << 10) + 1)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    said = client.post("/subscribe", content=long, headers=form)
    streamed = client.post("/subscribe", content=iter([long[:9], long[9:]]), headers=form)
    assert (said.status_code, streamed.status_code) == (413, 413)
    api = client.post(
        "/api/v1/articles", content=iter([b"[" * (2 << 20), b"["]), headers=a_key(app)
    )
    assert api.status_code == 413
    assert api.headers["content-type"] == "application/problem+json"
    many = {f"X-{n}": "x" * 1000 for n in range(20)}
    assert client.get("/", headers=many).status_code == 431


def test_a_body_that_does_not_come_is_not_waited_for(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame, "SIZES", (("/", 64 << 10, 0.05),))
    sent: list[Any] = []

    async def never() -> Any:
        await asyncio.sleep(60)

    async def keep(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/subscribe",
        "raw_path": b"/subscribe",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"content-type", b"application/x-www-form-urlencoded")],
    }
    asyncio.run(asyncio.wait_for(build(app)(scope, never, keep), 5))
    assert sent[0]["status"] == 408


def test_the_log_holds_neither_tokens_nor_addresses(
    app: App, client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    path, key = a_path(app), a_key(app)
    with caplog.at_level(logging.INFO, "digest.access"):
        client.get(path, headers={"X-Request-ID": "request-1"})
        client.get("/api/v1/subscribers/r0@reader.example", headers=key)
        client.get("/nothing/r0@reader.example?email=r0@reader.example")
        client.post("/subscribe", data={"email": "r0@reader.example"})
    lines = [record.getMessage() for record in caplog.records if record.name == "digest.access"]
    assert re.fullmatch(r"GET /u/\{token\} 200 \d+ bytes [\d.]+ ms request-1", lines[0])
    assert lines[1].startswith("GET /api/v1/subscribers/{email} 200 ")
    assert lines[2].startswith("GET (none) 404 ")
    assert path[3:] not in str(lines)
    assert "reader.example" not in str(lines)


def test_metrics_are_for_who_has_a_key_and_hold_no_secret(app: App, client: TestClient) -> None:
    client.get(a_path(app))
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers=a_key(app, "editions:read")).status_code == 401
    shown = client.get("/metrics", headers=a_key(app, "metrics:read", name="p")).text
    assert 'digest_http_requests_total{method="GET",route="/u/{token}",status="200"} 1.0' in shown
    assert "digest_ok 1.0" in shown
    assert a_path(app)[3:] not in shown
    assert "reader.example" not in shown


@pytest.mark.parametrize(
    "path",
    [
        "/static/../__init__.py",
        "/static/..%2f__init__.py",
        "/static/%2e%2e/__init__.py",
        "/static/....//__init__.py",
        "/static//etc/passwd",
        "/static/..%5c__init__.py",
        "/images/../digest.key",
        "/images/..%2fdigest.key",
        "/images/%2e%2e%2fdigest.key",
        "/images/digest.key",
        "/editions/weekly/..%2f..%2fdigest.key",
    ],
)
def test_no_path_leads_out(client: TestClient, path: str) -> None:
    """T11: names by id, never by path."""
    assert client.get(path).status_code == 404


def test_every_area_names_its_routes_and_none_twice(app: App) -> None:
    web = Web(app)
    found = [
        (method, getattr(route, "path", ""))
        for area in AREAS
        for route in area(web)
        for method in sorted(getattr(route, "methods", None) or {"*"})
    ]
    assert len(found) == len(set(found)) > 30


@pytest.mark.parametrize("where", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_nothing_leads_elsewhere(app: App, client: TestClient, where: str) -> None:
    """T18: there are no redirects at all, whatever is asked for."""
    paths = [where, f"/static/{where}", f"/u/{where}", f"/editions/{where}", a_path(app)]
    for path in [*paths, "/subscribe", "/editions/", "/manage/", "/api/v1", "/api/v1/"]:
        for query in ("", f"?next={where}&url={where}&redirect={where}&return_to={where}"):
            for method in ("GET", "POST"):
                url = f"{BASE}{path if path.startswith('/') else '/' + path}{query}"
                answer = client.request(method, url, follow_redirects=False)
                assert "location" not in answer.headers
                assert "evil" not in answer.text
