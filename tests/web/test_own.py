"""A reader's own page: a fresh link, good once; preferences, a copy of the data, erasure."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from digest import membership, pipeline
from digest.app import App
from digest.audience.tokens import UNSUBSCRIBE, make_token
from digest.errors import NotFound
from digest.model import SubscriptionState
from digest.web import build
from tests.apps import Clock, an_app, fill
from tests.sink import Sink, running
from tests.web.test_forms import a_client, form, last_link

DAILY = '[newsletters.daily]\ntitle = "Every Morning"\nschedule = "daily 06:00"\n'


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sink() -> Iterator[Sink]:
    with running(Sink()) as started:
        yield started


@pytest.fixture
def app(tmp_path: Path, database_url: str, clock: Clock, sink: Sink) -> Iterator[App]:
    opened = an_app(tmp_path, database_url, clock, transport="smtp", port=sink.port, more=DAILY)
    fill(opened, readers=1)
    yield opened
    opened.close()


@pytest.fixture
def client(app: App) -> Iterator[TestClient]:
    with a_client(app) as started:
        yield started


@pytest.fixture
def link(app: App, client: TestClient, clock: Clock, sink: Sink) -> str:
    client.post("/manage", data=form(app, clock, "r0@reader.example"))
    return last_link(sink, "p")


def test_the_page_shows_no_address(client: TestClient, link: str) -> None:
    page = client.get(link)
    assert page.status_code == 200
    assert "r***@r***" in page.text
    assert "reader.example" not in page.text


def test_preferences_are_kept_and_the_next_link_is_on_the_page(
    app: App, client: TestClient, link: str
) -> None:
    chosen = {
        "newsletter": ["weekly", "daily"],
        "shown-weekly": ["Sport"],
        "density-weekly": "headlines",
        "language": "de",
    }
    saved = client.post(link, data=chosen)
    assert saved.status_code == 200
    person = membership.find_subscriber(app, "r0@reader.example")
    weekly, daily = sorted(person.subscriptions, key=lambda s: s.newsletter != "weekly")
    assert (weekly.muted, weekly.density, person.language) == (("Sport",), "headlines", "de")
    assert daily.state is SubscriptionState.ACTIVE
    assert '<html lang="de"' in saved.text
    assert link not in saved.text
    assert client.post(link, data=chosen).status_code == 404
    after = saved.text.partition('action="')[2].partition('"')[0]
    client.post(after, data={"newsletter": ["daily"]})
    weekly, _ = sorted(
        membership.find_subscriber(app, "r0@reader.example").subscriptions,
        key=lambda s: s.newsletter != "weekly",
    )
    assert weekly.state is SubscriptionState.ENDED


def test_the_page_offers_the_sections_of_what_was_sent_ahead_of_its_slot(
    app: App, client: TestClient, link: str, clock: Clock
) -> None:
    membership.add_subscriber(app, "r0@reader.example", "daily", confirmed=True)
    made = pipeline.approve_edition(app, pipeline.draft_edition(app, "daily"))
    pipeline.drain_outbox(app, pipeline.queue_edition(app, made))
    assert made.slot_at > clock.moment
    assert made.sections
    page = client.get(link).text
    for section in made.sections:
        assert f'name="shown-daily" value="{section.category}"' in page


def test_a_link_is_good_for_half_an_hour(client: TestClient, clock: Clock, link: str) -> None:
    clock.move(minutes=29)
    assert client.get(link).status_code == 200
    clock.move(minutes=2)
    for path in (link, f"{link}/export", f"{link}/erase"):
        assert client.post(path, data={"sure": "1"}).status_code == 404


def test_a_reader_takes_a_copy_and_goes_for_good(app: App, client: TestClient, link: str) -> None:
    copy = client.post(f"{link}/export")
    assert copy.json()["email"] == "r0@reader.example"
    assert "attachment" in copy.headers["content-disposition"]
    client.post(f"{link}/erase", data={})
    membership.find_subscriber(app, "r0@reader.example")
    gone = client.post(f"{link}/erase", data={"sure": "1"})
    assert "Everything is deleted" in gone.text
    with pytest.raises(NotFound):
        membership.find_subscriber(app, "r0@reader.example")
    assert client.get(link).status_code == 404


def test_an_unsubscribe_link_opens_no_own_page(app: App, client: TestClient) -> None:
    """T16: a token opens only its own door."""
    (mine,) = membership.find_subscriber(app, "r0@reader.example").subscriptions
    token = app.keys.current + make_token(app.keys, UNSUBSCRIBE, mine.public_id)
    assert client.get(f"/u/{token}").status_code == 200
    for path in (f"/p/{token}", f"/c/{token}"):
        assert client.get(path).status_code == 404
        assert client.post(path).status_code == 404


def test_who_was_taken_out_by_a_person_does_not_come_back_by_an_old_link(
    app: App, client: TestClient, clock: Clock
) -> None:
    (mine,) = membership.find_subscriber(app, "r0@reader.example").subscriptions
    path = f"/u/{app.keys.current}{make_token(app.keys, UNSUBSCRIBE, mine.public_id)}"
    membership.end_subscription(app, "r0@reader.example", by="editor")
    assert "Undo" not in client.get(path).text
    assert client.post(f"{path}/undo").status_code == 409
    membership.add_subscriber(app, "r1@reader.example", "weekly", confirmed=True)
    (mine,) = membership.find_subscriber(app, "r1@reader.example").subscriptions
    path = f"/u/{app.keys.current}{make_token(app.keys, UNSUBSCRIBE, mine.public_id)}"
    client.post(path)
    clock.move(days=31)
    assert client.post(f"{path}/undo").status_code == 409


def test_a_site_is_built_from_an_app_alone(app: App) -> None:
    assert build(app).openapi_url is None
