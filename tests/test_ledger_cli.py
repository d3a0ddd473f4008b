"""The commands that look at the ledger, stop an edition and look after the database."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from digest import pipeline
from digest.app import App
from digest.cli import app as commands
from digest.cli.send import refusals, say_early
from digest.model import EditionState
from digest.store import outbox
from tests.apps import an_app, fill
from tests.sink import DROP, Sink, running


@pytest.fixture
def sink() -> Iterator[Sink]:
    with running(Sink()) as started:
        yield started


@pytest.fixture
def app(tmp_path: Path, sink: Sink) -> Iterator[App]:
    opened = an_app(tmp_path, transport="smtp", port=sink.port, connections=1, on_uncertain="hold")
    fill(opened, readers=2)
    approved = pipeline.approve_edition(opened, pipeline.draft_edition(opened, "weekly"))
    pipeline.queue_edition(opened, approved)
    yield opened
    opened.close()


def run(app: App, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(commands, ["-c", str(app.folder / "config.toml"), *words])
    assert done.exception is None or isinstance(done.exception, SystemExit | typer.Exit)
    return done.exit_code, done.output


def test_an_edition_is_paused_and_goes_on(app: App) -> None:
    assert run(app, "editions", "pause", "latest", "--by", "Ada", "--reason", "wait")[0] == 0
    paused = pipeline.find_edition(app, "latest")
    assert (paused.state, paused.reason) == (EditionState.PAUSED, "paused by Ada: wait")
    assert "goes on" in run(app, "editions", "resume", "latest")[1]
    assert run(app, "editions", "resume", "latest")[0] == 1


def test_status_shows_the_numbers_and_what_is_wrong(app: App) -> None:
    run(app, "send", "latest", "--yes")
    code, said = run(app, "status", "--json")
    facts = json.loads(said)
    assert (code, facts["ok"], facts["sending"]) == (0, True, [])
    assert facts["numbers"]["sent"] == facts["numbers"]["frozen"] == 2
    assert "sent 2" in run(app, "status")[1]
    app.results_file.write_text('[1, "t", "sent", "", "2026-11-23T07:30:00+00:00", ""]')
    code, said = run(app, "status")
    assert code == 1
    assert ["results_waiting", "1"] in [line.split() for line in said.splitlines()]


def test_the_ledger_is_listed_and_doubts_are_decided(app: App, sink: Sink) -> None:
    sink.script("DOT", DROP)
    said = run(app, "send", "latest", "--yes")[1]
    assert "1 delivery in doubt: `digest deliveries uncertain weekly@" in said
    assert "` lists them, --resend or --drop decides\n" in said
    assert run(app, "send", "latest", "--yes")[0] == 1
    listed = json.loads(run(app, "deliveries", "list", "--json")[1])
    assert sorted(each["state"] for each in listed) == ["sent", "uncertain"]
    (doubtful,) = json.loads(run(app, "deliveries", "uncertain", "--json")[1])
    shown = run(app, "deliveries", "show", str(doubtful["id"]))[1]
    assert ["doubts", "1"] in [line.split() for line in shown.splitlines()]
    assert run(app, "deliveries", "show", "99")[0] == 1
    assert run(app, "deliveries", "list", "--state", "gone")[0] == 2
    assert "1 delivery queued again" in run(app, "deliveries", "uncertain", "--resend")[1]
    assert run(app, "send", "latest", "--yes")[0] == 0
    assert sink.counts[doubtful["email"]] == 2


def test_what_becomes_of_a_doubt_that_is_sent_again_is_said(tmp_path: Path, sink: Sink) -> None:
    app = an_app(tmp_path, transport="smtp", port=sink.port, connections=1)
    fill(app, readers=2)
    pipeline.draft_edition(app, "weekly")
    sink.script("DOT", DROP)
    run(app, "send", "latest", "--yes")
    code, said = run(app, "send", "latest", "--yes")
    assert code == 1
    assert "1 delivery in doubt: `digest deliveries uncertain weekly@" in said
    assert "1 to go again, once, after ten minutes: run it again, or `digest run`\n" in said
    assert "--drop" not in said
    app.close()


def test_tables_show_moments_as_people_read_them(app: App, sink: Sink) -> None:
    sink.script("RCPT", "451 4.2.0 later", "r1@reader.example")
    run(app, "send", "latest", "--yes")
    (app.folder / "people.csv").write_text("email\nnew@reader.example\n", encoding="utf-8")
    run(app, "subscribers", "import", str(app.folder / "people.csv"), "--yes")
    run(app, "keys", "add", "site", "--scope", "articles:write")
    for words in (("deliveries", "list"), ("subscribers", "undo"), ("keys", "list")):
        said = run(app, *words)[1]
        assert re.search(r" \d{4}-\d\d-\d\d \d\d:\d\d CES?T", said), words
        assert "T0" not in said
        assert "+00:00" not in said


def test_who_must_wait_is_told_until_when(app: App) -> None:
    edition = pipeline.find_edition(app, "latest")
    with app.database.transaction() as tx:
        assert len(outbox.claim(tx, edition.id, "a process that died", 9, app.now())) == 2
    code, said = run(app, "send", "latest", "--yes")
    assert code == 3
    assert re.search(r"2 deliveries to go: run it again at \d{4}-\d\d-\d\d \d\d:\d\d \w+, or", said)


def test_sending_ahead_of_the_slot_says_what_it_means(
    app: App, capsys: pytest.CaptureFixture[str]
) -> None:
    draft = replace(pipeline.find_edition(app, "latest"), state=EditionState.DRAFT)
    for ahead, said in ((timedelta(minutes=1), True), (timedelta(), False)):
        say_early(app, replace(draft, slot_at=app.now() + ahead))
        assert ("sent now it bears that date" in capsys.readouterr().err) == said
    later = app.now() + timedelta(days=1)
    say_early(app, replace(draft, slot_at=later, state=EditionState.SENDING))
    assert capsys.readouterr().err == ""


def test_a_restored_database_asks_of_what_was_going_out(app: App, tmp_path: Path) -> None:
    saved = str(tmp_path / "saved.db")
    assert "keep digest.key with it" in run(app, "db", "backup", saved)[1]
    assert run(app, "db", "restore", saved)[0] == 3
    assert run(app, "db", "restore", saved, "--yes")[0] == 0
    code, said = run(app, "send", "latest", "--yes")
    assert (code, "digest db unlock" in said) == (1, True)
    code, said = run(app, "db", "unlock")
    assert (code, "0 sent, 2 readers to go" in said) == (3, True)
    assert run(app, "db", "unlock", "--hold")[0] == 0
    assert pipeline.find_edition(app, "latest").state is EditionState.PAUSED
    assert run(app, "send", "latest", "--yes")[0] == 0


def test_refusals_are_counted_by_class() -> None:
    assert refusals({"550 5.1.1 no": 2, "550 5.1.1 un": 1, "451 later": 1}) == (
        "550 5.1.1: 3, 451: 1"
    )
