"""The page behind the link in a draft's mail: it shows, and only its button approves."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from digest import pipeline, scheduler
from digest.app import App
from digest.audience.tokens import APPROVE, UNSUBSCRIBE, make_public_id, make_token
from digest.model import EditionState
from digest.web import build
from tests.apps import Clock, an_app, fill
from tests.make import NOW
from tests.sink import Sink, running
from tests.test_scheduler import STOP


@pytest.fixture
def clock() -> Clock:
    clock = Clock(NOW)
    clock.move(hours=-2)
    return clock


@pytest.fixture
def sink() -> Iterator[Sink]:
    with running(Sink()) as started:
        yield started


@pytest.fixture
def app(tmp_path: Path, database_url: str, clock: Clock, sink: Sink) -> Iterator[App]:
    more = 'approval = "required"'
    opened = an_app(tmp_path, database_url, clock, transport="smtp", port=sink.port, more=more)
    fill(opened, readers=1)
    scheduler.run_due_slots(opened, STOP)
    yield opened
    opened.close()


@pytest.fixture
def client(app: App) -> Iterator[TestClient]:
    with TestClient(build(app), base_url="https://digest.news.example") as started:
        yield started


def link(sink: Sink) -> str:
    said = sink.received[0].content.replace(b"=\r\n", b"").decode()
    found = re.search(r"https://digest\.news\.example(/a/\S+)", said)
    assert found
    return found[1]


def state(app: App) -> EditionState:
    return pipeline.find_edition(app, "latest").state


def hash_on(page: str) -> str:
    found = re.search(r'name="sha256" value="([0-9a-f]{64})"', page)
    assert found
    return found[1]


def test_the_mail_has_the_preview_the_findings_the_command_and_the_link(
    app: App, sink: Sink
) -> None:
    said = sink.received[0].content.replace(b"=\r\n", b"").decode()
    assert "Subject: weekly@2026-11-23 is ready to be approved" in said
    assert "digest editions approve weekly@2026-11-23" in said
    assert "What preflight found:" in said
    assert "Harbour reopens after the storm" in said
    assert "text/html" in said
    assert "/u/" not in said


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_shows_the_proof_with_its_hash_and_approves_nothing(
    app: App, client: TestClient, sink: Sink, method: str
) -> None:
    answer = client.request(method, link(sink))
    assert answer.status_code == 200
    assert state(app) is EditionState.DRAFT
    if method == "GET":
        looked = pipeline.proof(app, pipeline.find_edition(app, "latest"))
        assert hash_on(answer.text) == looked.sha256
        assert "Harbour reopens after the storm" in answer.text


def test_the_button_approves_what_was_shown(
    app: App, client: TestClient, sink: Sink, clock: Clock
) -> None:
    sha = hash_on(client.get(link(sink)).text)
    answer = client.post(link(sink), data={"sha256": sha})
    assert "Approved" in answer.text
    assert state(app) is EditionState.APPROVED
    assert pipeline.find_edition(app, "latest").sha256 == sha
    assert "Approve it" not in client.get(link(sink)).text
    assert client.post(link(sink), data={"sha256": sha}).status_code == 409
    clock.move(hours=2)
    scheduler.run_due_slots(app, STOP)
    scheduler.send_open_editions(app, STOP)
    assert sink.counts["r0@reader.example"] == 1


def test_a_draft_that_changed_since_is_not_approved(
    app: App, client: TestClient, sink: Sink
) -> None:
    sha = hash_on(client.get(link(sink)).text)
    pipeline.edit_words(app, pipeline.find_edition(app, "latest"), {"subject": "New"}, "Ann")
    answer = client.post(link(sink), data={"sha256": sha})
    assert answer.status_code == 409
    assert "has changed since you looked" in answer.text
    assert state(app) is EditionState.DRAFT


def test_from_its_slot_on_the_link_is_dead_and_the_edition_held_and_told(
    app: App, client: TestClient, sink: Sink, clock: Clock
) -> None:
    sha = hash_on(client.get(link(sink)).text)
    clock.move(hours=2)
    answer = client.post(link(sink), data={"sha256": sha})
    assert answer.status_code == 404
    assert "is over" in answer.text
    scheduler.run_due_slots(app, STOP)
    assert state(app) is EditionState.HELD
    assert b"nobody approved it in time" in sink.received[-1].content


def test_a_link_for_another_purpose_or_edition_opens_nothing(
    app: App, client: TestClient, sink: Sink
) -> None:
    edition = pipeline.find_edition(app, "latest")
    name = make_public_id(edition.id.to_bytes(8, "big"))
    other = make_public_id((edition.id + 7).to_bytes(8, "big"))
    for token in (make_token(app.keys, UNSUBSCRIBE, name), make_token(app.keys, APPROVE, other)):
        path = f"/a/{app.keys.current}{token}"
        assert client.get(path).status_code == 404
        assert client.post(path, data={"sha256": "0" * 64}).status_code == 404
    assert client.post(link(sink)).status_code == 404  # without the hash
    assert state(app) is EditionState.DRAFT
