"""Every route of the desk: who may ask for it, what it refuses; looking changes nothing."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from digest import membership, pipeline
from digest.app import App
from digest.store import articles, feeds
from digest.web.admin import ROUTES
from digest.web.admin.ask import ANYONE, COOKIE, EDITOR, OWNER, Route
from tests.apps import an_app, fill
from tests.web.desk import BASE, Desk, a_desk, an_admin
from tests.web.test_public import everything

NAMES = [f"{route.method} {route.path}" for route in ROUTES]
CHANGING = [route for route in ROUTES if route.method != "GET"]
#: What only owners may do: people, settings, the log.
OWNERS = ("/subscribers", "/import", "/settings")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    opened = an_app(tmp_path_factory.mktemp("desk"))
    fill(opened, readers=3)
    with opened.database.transaction() as tx:
        feeds.add(tx, "https://news.example/feed/")
    values = {"sponsor": "S", "title": "T", "text": "W", "url": "https://s.example/"}
    pipeline.add_placement(opened, values)
    pipeline.draft_edition(opened, "weekly")
    yield opened
    opened.close()


def address(app: App, route: Route) -> str:
    """Return an address of a route that leads to something."""
    with app.database.reading() as tx:
        article = articles.newest(tx, 1)[0].id
    person = membership.find_subscriber(app, "r0@reader.example").id
    key = pipeline.find_edition(app, "latest").key
    parts = {"key": key, "article": article, "feed": 1, "person": person, "number": 1}
    return f"/admin{route.path.format(**parts, name='desk.css')}"


def test_the_access_log_names_the_pattern_of_a_page_and_not_its_address(
    app: App, caplog: pytest.LogCaptureFixture
) -> None:
    with Desk(app, an_admin(app)) as desk, caplog.at_level(logging.INFO, "digest.access"):
        desk.get("/admin/subscribers/1")
    assert "GET /admin/subscribers/{person} 200 " in caplog.text


def test_an_address_below_the_desk_that_is_no_page_stays_there(app: App) -> None:
    with Desk(app, an_admin(app)) as desk:
        answer = desk.get("/admin/nowhere/at/all")
        assert answer.status_code == 404
        assert "There is no page /admin/nowhere/at/all at the desk" in answer.text
        assert 'href="/admin">To the desk’s home' in answer.text
    with Desk(app, "") as stranger:
        answer = stranger.get("/admin/nowhere/at/all")
        assert answer.status_code == 404
        assert "the desk" not in answer.text


@pytest.mark.parametrize("route", ROUTES, ids=NAMES)
def test_each_role_may_do_what_the_table_says_and_no_more(app: App, route: Route) -> None:
    for role in (ANYONE, EDITOR, OWNER):
        cookie = an_admin(app, role, role) if role else ""
        with Desk(app, cookie) as desk:
            fields = {"form_token": desk.form_token}
            answer = desk.request(route.method, address(app, route), data=fields)
        allowed = {ANYONE: {ANYONE, EDITOR, OWNER}, EDITOR: {EDITOR, OWNER}, OWNER: {OWNER}}
        if role in allowed[route.role]:
            wrong_word = route.path == "/login" and route.method == "POST"
            assert answer.status_code == 401 if wrong_word else answer.status_code not in (401, 403)
            assert answer.status_code < 500
        else:
            assert answer.status_code == (403 if role else 401)


def test_the_table_gives_people_settings_and_log_to_owners_only() -> None:
    for route in ROUTES:
        people = route.path.startswith(OWNERS) or route.path == "/log"
        assert (route.role == OWNER) == people, route.path
        free = route.path.startswith(("/static", "/login"))
        assert (route.role == ANYONE) == free, route.path


def test_what_changes_something_says_so_in_the_log() -> None:
    silent = {"/login", "/account/totp/new"}  # it notes itself; it only offers
    for route in ROUTES:
        assert bool(route.what) == (route.method == "POST" and route.path not in silent)


@pytest.mark.parametrize("route", CHANGING, ids=lambda route: str(route.path))
def test_no_form_from_elsewhere_or_without_its_token_is_taken(app: App, route: Route) -> None:
    before: dict[str, Any] = everything(app)
    with a_desk(app) as desk:
        before = everything(app)  # with the session
        good = {"form_token": desk.form_token}
        path = address(app, route)
        if route.role != ANYONE:
            assert desk.post(path, data={}).status_code == 403
            assert desk.post(path, data={"form_token": "0" * 32}).status_code == 403
        for origin in ("https://evil.example", "null", "https://digest.news.example.evil.example"):
            answer = desk.post(path, data=good, headers={"origin": origin})
            assert answer.status_code == 403, origin
        del desk.headers["origin"]
        assert desk.post(path, data=good).status_code == 403
        cross = {"sec-fetch-site": "cross-site"}
        assert desk.post(path, data=good, headers=cross).status_code == 403
    assert everything(app) == before


@pytest.mark.parametrize("live", [False, True], ids=["page", "part"])
def test_looking_changes_nothing(app: App, live: bool) -> None:
    with a_desk(app) as desk:
        before = everything(app)
        headers = {"HX-Request": "true"} if live else {}
        for route in ROUTES:
            if route.method == "GET":
                for method in ("GET", "HEAD", "OPTIONS"):
                    path = address(app, route) + "?q=harbour&find=harbour&filter=status:active"
                    answer = desk.request(method, path, headers=headers)
                    assert answer.status_code < 500, (method, path)
        assert everything(app) == before


def test_pages_may_load_and_frame_only_what_is_their_own(app: App) -> None:
    with a_desk(app) as desk:
        for route in ROUTES:
            if route.method != "GET" or route.role == ANYONE:
                continue
            answer = desk.get(address(app, route))
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe-inline" not in policy or "sandbox;" in policy
            assert answer.headers["referrer-policy"] == "same-origin"
            assert answer.headers["cache-control"] == "no-store"
            assert "<script>" not in answer.text
            if "/frame" not in route.path:
                assert " style=" not in answer.text
                assert " onclick=" not in answer.text


def test_the_mail_stands_in_a_frame_that_may_do_nothing(app: App) -> None:
    with a_desk(app) as desk:
        key = pipeline.find_edition(app, "latest").key
        page = desk.get(f"/admin/editions/{key}").text
        assert "<iframe sandbox title=" in page
        assert "allow-" not in page
        frame = desk.get(f"/admin/editions/{key}/frame")
        assert "script-src" not in frame.headers["content-security-policy"]
        assert "sandbox; default-src 'none'" in frame.headers["content-security-policy"]


def test_a_form_too_large_is_refused_before_it_is_read(app: App) -> None:
    with a_desk(app) as desk:
        assert desk.submit("/build", newsletter="x" * (1 << 21))[0] == 413


def test_home_weighs_little_and_asks_nobody_else(app: App) -> None:
    with a_desk(app) as desk:
        page = desk.get("/admin")
        style = desk.get("/admin/static/desk.css")
    assert len(page.content) + len(style.content) < 120_000
    assert "<script" not in page.text
    assert "src=" not in page.text
    for part in page.text.split('href="')[1:]:
        assert part.startswith(("/", "#")), part[:60]


def test_a_style_is_kept_for_ever_under_an_address_of_its_bytes(app: App, tmp_path: Path) -> None:
    with Desk(app) as desk:
        style = desk.get("/admin/static/desk.css")
        assert "immutable" in style.headers["cache-control"]
        assert desk.get("/admin/static/htmx.LICENSE.txt").status_code == 404
        assert desk.get("/admin/static/..%2F__init__.py").status_code == 404


def test_the_cookie_is_kept_from_scripts_and_other_sites(app: App) -> None:
    an_admin(app, "ed", EDITOR)
    with Desk(app) as desk:
        answer = desk.post("/admin/login", data={"name": "ed", "password": "correct horse battery"})
        cookie = answer.headers["set-cookie"]
    assert answer.status_code == 303
    assert cookie.startswith(COOKIE)
    for word in ("HttpOnly", "Secure", "SameSite=lax", "Path=/admin"):
        assert word in cookie
    assert BASE not in cookie
