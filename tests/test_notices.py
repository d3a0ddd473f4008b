"""Each fact reaches everyone who is told, once, over every channel, whatever stands in the way."""

import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from digest import notices, pipeline, scheduler
from digest.app import App
from digest.store.notices import Notice
from tests.apps import Clock, an_app
from tests.make import NOW
from tests.sink import Sink, running
from tests.test_scheduler import STOP

FACT = Notice("weekly@2026-11-23", "held: thin", "weekly@2026-11-23 is held", "thin week")


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def sink() -> Iterator[Sink]:
    with running(Sink()) as started:
        yield started


class Hook:
    """A web server that keeps what is posted to it."""

    def __init__(self) -> None:
        self.status, self.posted = 200, list[dict[str, str]]()
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                hook.posted.append(json.loads(self.rfile.read(length)))
                self.send_response(hook.status)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    yield made
    made.server.shutdown()
    made.server.server_close()


def telling(folder: Path, clock: Clock, sink: Sink, more: str, **given: Any) -> App:
    return an_app(folder, clock=clock, transport="smtp", port=sink.port, more=f"[notices]\n{more}")


def test_everyone_and_every_channel_is_told_a_fact_once(
    tmp_path: Path, clock: Clock, sink: Sink, hook: Hook
) -> None:
    more = f'to = ["a@x.example", "Ben <b@x.example>"]\nwebhook = "{hook.url}"'
    more += '\ncommand = "tee -a told"'
    app = telling(tmp_path, clock, sink, more)
    for _ in range(3):
        notices.tell(app, [FACT])
        scheduler.deliver_notices(app, STOP)
        clock.move(hours=1)
    assert sink.counts == {"a@x.example": 1, "b@x.example": 1}
    assert b"thin week" in sink.received[0].content
    (posted,) = hook.posted
    assert posted["about"] == "weekly@2026-11-23"
    assert posted["text"] == "weekly@2026-11-23 is held\n\nthin week"
    assert (tmp_path / "told").read_text() == "weekly@2026-11-23 is held\n\nthin week\n"
    app.close()


def test_another_reason_is_another_fact(tmp_path: Path, clock: Clock, sink: Sink) -> None:
    app = telling(tmp_path, clock, sink, 'to = ["a@x.example"]')
    notices.tell(app, [FACT])
    notices.tell(app, [replace(FACT, fact="held: a blocker")])
    assert sink.counts == {"a@x.example": 2}
    app.close()


def test_a_webhook_that_fails_is_asked_again_and_the_mail_is_not_sent_again(
    tmp_path: Path, clock: Clock, sink: Sink, hook: Hook
) -> None:
    app = telling(tmp_path, clock, sink, f'to = ["a@x.example"]\nwebhook = "{hook.url}"')
    hook.status = 503
    notices.tell(app, [FACT])
    scheduler.deliver_notices(app, STOP)
    assert len(hook.posted) == 1
    clock.move(minutes=6)
    scheduler.deliver_notices(app, STOP)
    assert len(hook.posted) == 2
    assert pipeline.health(app)["notices_failed"] == ["weekly@2026-11-23 is held (webhook)"]
    hook.status = 204
    clock.move(minutes=16)
    scheduler.deliver_notices(app, STOP)
    clock.move(days=2)
    scheduler.deliver_notices(app, STOP)
    assert len(hook.posted) == 3
    assert sink.counts == {"a@x.example": 1}
    assert "notices_failed" not in pipeline.health(app)
    app.close()


def test_a_webhook_that_never_answers_is_given_up_after_a_day(
    tmp_path: Path, clock: Clock, sink: Sink, hook: Hook, caplog: pytest.LogCaptureFixture
) -> None:
    app = telling(tmp_path, clock, sink, f'webhook = "{hook.url}"')
    hook.status = 500
    notices.tell(app, [FACT])
    for _ in range(60):
        clock.move(hours=1)
        scheduler.deliver_notices(app, STOP)
    assert 8 <= len(hook.posted) <= 12
    assert "it is given up" in caplog.text
    app.close()


def test_a_command_that_fails_is_said_in_the_log(
    tmp_path: Path, clock: Clock, sink: Sink, caplog: pytest.LogCaptureFixture
) -> None:
    app = telling(tmp_path, clock, sink, 'command = "no-such-command --now"')
    notices.tell(app, [FACT])
    assert "no-such-command" in caplog.text
    app.close()


def test_notices_leave_by_a_transport_of_their_own(
    tmp_path: Path, clock: Clock, sink: Sink
) -> None:
    with running(Sink()) as other:
        more = 'to = ["a@x.example"]\ntransport = "smtp"\n[notices.smtp]\n'
        more += f'port = {other.port}\nsecurity = "none"'
        app = telling(tmp_path, clock, sink, more)
        notices.tell(app, [FACT])
        assert (sink.counts, other.counts) == ({}, {"a@x.example": 1})
        app.close()


def test_a_notice_of_a_process_that_died_is_delivered_by_the_next(
    tmp_path: Path, clock: Clock, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = telling(tmp_path, clock, sink, 'to = ["a@x.example"]')

    def die(*_: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(notices, "_deliver", die)
    with pytest.raises(SystemExit):
        notices.tell(app, [FACT])
    monkeypatch.undo()
    scheduler.deliver_notices(app, STOP)
    assert sink.counts == {}
    clock.move(minutes=6)
    scheduler.deliver_notices(app, STOP)
    assert sink.counts == {"a@x.example": 1}
    app.close()


def test_a_clock_that_was_put_back_keeps_no_notice_waiting(
    tmp_path: Path, clock: Clock, sink: Sink, hook: Hook
) -> None:
    app = telling(tmp_path, clock, sink, f'webhook = "{hook.url}"')
    hook.status = 500
    clock.move(days=400)
    notices.tell(app, [FACT])
    hook.status = 200
    clock.moment = NOW
    scheduler.deliver_notices(app, STOP)
    assert len(hook.posted) == 2
    app.close()
