"""The pages a mail needs: nothing changes on a GET, one button acts, nothing leaks."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from digest import membership, pipeline
from digest.app import App
from digest.audience.tokens import CONFIRM, MANAGE, UNSUBSCRIBE, make_token, numbers_token
from digest.model import Edition, SubscriptionState
from digest.pipeline.approval import approval_link
from digest.store import editions
from digest.text import TOKEN
from digest.web import AREAS, build
from digest.web.base import Web
from tests.apps import an_app, fill
from tests.web.test_api import a_key


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Iterator[App]:
    opened = an_app(tmp_path, database_url)
    yield opened
    opened.close()


@pytest.fixture
def client(app: App) -> Iterator[TestClient]:
    with TestClient(build(app), base_url="https://digest.news.example") as started:
        yield started


def link(app: App, purpose: str, email: str = "r0@reader.example") -> str:
    (subscription,) = membership.find_subscriber(app, email).subscriptions
    path = "u" if purpose == UNSUBSCRIBE else "c"
    return f"/{path}/{app.keys.current}{make_token(app.keys, purpose, subscription.public_id)}"


def state(app: App, email: str = "r0@reader.example") -> SubscriptionState:
    return membership.find_subscriber(app, email).subscriptions[0].state


def everything(app: App) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table."""
    with app.database.reading() as tx:
        names = sorted(sa.inspect(tx).get_table_names())
        return {
            n: sorted(map(tuple, tx.exec_driver_sql(f"SELECT * FROM {n}")), key=str) for n in names
        }


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_nothing_changes_on_a_get(app: App, client: TestClient, method: str) -> None:
    """T15: every route there is, and every link of a real edition and of the mails."""
    fill(app, readers=1)
    membership.add_subscriber(app, "new@reader.example", "weekly")
    edition = pipeline.approve_edition(app, pipeline.draft_edition(app, "weekly"))
    pipeline.drain_outbox(app, pipeline.queue_edition(app, edition))
    membership.keep_ask(app, "r0@reader.example", "", form="1")
    membership.answer_asks(app)
    own = f"/p/{numbers_token(app.keys, MANAGE, 1, 0)}"
    key = a_key(app)
    before = everything(app)
    mine, theirs = link(app, UNSUBSCRIBE), link(app, CONFIRM, "new@reader.example")
    approval = approval_link(app, edition).removeprefix(app.settings.web.base_url)
    known = {"/u/{token}": mine, "/c/{token}": theirs, "/p/{token}": own, "/a/{token}": approval}
    asked = 0
    for path in every_path(app, edition, known):
        answer = client.request(method, path, headers=key)
        assert answer.status_code < 500, path
        asked += answer.status_code == 200
    assert asked > 15 or method == "OPTIONS"
    assert everything(app) == before


def every_path(app: App, edition: Edition, known: dict[str, str]) -> Iterator[str]:
    """Yield an address of each route of the site and of the API, and each link of an edition."""
    values = {"newsletter": "weekly", "day": "2026-11-23", "email": "r0@reader.example"}
    values |= {"edition": str(edition.id), "article": edition.stories[0].lead.id, "name": "x.png"}
    values |= {"placement": "1"}
    for area in AREAS:
        for route in area(Web(app)):
            for one in getattr(route, "routes", None) or [route]:
                path = getattr(route, "path", "") if one is not route else ""
                path += getattr(one, "path", "")
                for pattern, real in known.items():
                    path = path.replace(pattern, real)
                yield re.sub(r"\{(\w+)\}", lambda found: values[found[1]], path)
    with app.database.reading() as tx:
        html = editions.frozen_content(tx, edition.id)[0].html
    here = app.settings.web.base_url
    for found in re.findall(rf'(?:href|src)="{re.escape(here)}([^"]*)"', html):
        yield known["/u/{token}"] if TOKEN in found else found


def test_the_page_has_one_button_and_the_button_unsubscribes(app: App, client: TestClient) -> None:
    fill(app, readers=1)
    path = link(app, UNSUBSCRIBE)
    page = client.get(path)
    assert page.status_code == 200
    assert page.text.count("<button") == 1
    assert '<form method="post">' in page.text
    assert "reader.example" not in page.text
    done = client.post(path)
    assert "You are unsubscribed" in done.text
    assert state(app) is SubscriptionState.ENDED
    assert client.post(path).status_code == 200


def test_one_click_acts_at_once_without_cookie_or_redirect(app: App, client: TestClient) -> None:
    fill(app, readers=1)
    answer = client.post(
        link(app, UNSUBSCRIBE),
        content="List-Unsubscribe=One-Click",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        follow_redirects=False,
    )
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert state(app) is SubscriptionState.ENDED


def test_confirming_takes_a_button_too(app: App, client: TestClient) -> None:
    membership.add_subscriber(app, "r0@reader.example", "weekly")
    path = link(app, CONFIRM)
    assert "Confirm subscription" in client.get(path).text
    assert state(app) is SubscriptionState.PENDING
    assert "You are subscribed" in client.post(path).text
    assert client.post(path).status_code == 200
    assert state(app) is SubscriptionState.ACTIVE


def test_an_old_confirmation_does_not_undo_an_unsubscribe(app: App, client: TestClient) -> None:
    membership.add_subscriber(app, "r0@reader.example", "weekly")
    client.post(link(app, CONFIRM))
    client.post(link(app, UNSUBSCRIBE))
    assert client.post(link(app, CONFIRM)).status_code == 409
    assert state(app) is SubscriptionState.ENDED


def test_a_token_opens_only_its_own_door(app: App, client: TestClient) -> None:
    fill(app, readers=1)
    confirm = link(app, CONFIRM).removeprefix("/c/")
    for token in (confirm, "0" + "A" * 32, "x", "0" * 33, "%00", "0" + "T" * 32):
        for method in ("GET", "POST"):
            answer = client.request(method, f"/u/{token}")
            assert answer.status_code == 404
            assert "not valid" in answer.text or "no such page" in answer.text
            page = answer.headers["content-type"].startswith("text/html")
            assert ('href="/manage"' in answer.text) is page  # where a new link comes from
    assert state(app) is SubscriptionState.ACTIVE


def test_an_edition_is_public_only_once_it_goes_out_and_without_tokens(
    app: App, client: TestClient
) -> None:
    fill(app, readers=1)
    edition = pipeline.approve_edition(app, pipeline.draft_edition(app, "weekly"))
    path = "/editions/weekly/2026-11-23"
    assert client.get(path).status_code == 404
    queued = pipeline.queue_edition(app, edition)
    page = client.get(path)
    assert page.status_code == 200
    assert "Harbour reopens" in page.text
    assert "/u/" not in page.text
    assert 'href="https://digest.news.example/unsubscribe"' in page.text
    pipeline.drain_outbox(app, queued)
    assert client.get(path).status_code == 200


@pytest.mark.parametrize(
    "path", ["/nothing", "/editions/weekly/2026-13-99", "/editions/x/2026-01-01"]
)
def test_what_is_not_there_is_a_friendly_page(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code in (404, 422)


def test_every_page_has_the_security_headers(app: App, client: TestClient) -> None:
    fill(app, readers=1)
    for path in (link(app, UNSUBSCRIBE), "/unsubscribe", "/nothing", "/healthz"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "<script" not in client.get(path).text


def test_health_says_whether_the_database_answers(app: App, client: TestClient) -> None:
    assert client.get("/healthz").json() == {"ok": True, "held": [], "sending": [], "paused": []}


def test_a_lost_database_is_a_503_without_details(tmp_path: Path) -> None:
    app = an_app(tmp_path)
    with TestClient(build(app)) as client:
        app.database.close()
        for path in tmp_path.glob("digest.db*"):
            path.unlink()
        assert client.get("/healthz").status_code == 503
    app.close()


def test_what_was_unsubscribed_can_be_taken_back_for_a_month(app: App, client: TestClient) -> None:
    fill(app, readers=1)
    path = link(app, UNSUBSCRIBE)
    assert f'action="{path}/undo"' in client.post(path).text
    assert f'action="{path}/undo"' in client.get(path).text
    assert client.post(f"{path}/undo").status_code == 200
    assert state(app) is SubscriptionState.ACTIVE
