"""A copied or restored database sends nothing until a person unlocks it."""

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from digest import pipeline, scheduler
from digest.app import App
from digest.errors import Locked, StoreError
from digest.model import Edition, EditionState
from digest.store import Database, backup, instance
from tests.apps import Clock, an_app, fill
from tests.sink import Sink, running


@pytest.fixture
def sink() -> Iterator[Sink]:
    with running(Sink()) as started:
        yield started


@pytest.fixture
def app(tmp_path: Path, database_url: str, sink: Sink) -> Iterator[App]:
    opened = an_app(tmp_path, database_url, Clock(), transport="smtp", port=sink.port)
    yield opened
    opened.close()


def queued(app: App, readers: int = 3) -> Edition:
    fill(app, readers=readers)
    edition = pipeline.approve_edition(app, pipeline.draft_edition(app, "weekly"))
    return pipeline.queue_edition(app, edition)


def test_a_database_without_its_file_sends_nothing_until_unlocked(app: App, sink: Sink) -> None:
    edition = queued(app)
    app.instance_file.unlink()
    with pytest.raises(Locked, match=r"is missing.*digest db unlock"):
        pipeline.drain_outbox(app, edition)
    with pytest.raises(Locked):
        app.open_transport()
    with pytest.raises(Locked):
        scheduler.run_due_slots(app, threading.Event())
    assert pipeline.health(app)["ok"] is False
    assert sink.connections == 0
    instance.unlock(app.database, app.instance_file, "new")
    assert pipeline.drain_outbox(app, edition).finished
    assert pipeline.health(app)["ok"] is True


def test_a_file_of_another_database_locks(app: App) -> None:
    edition = queued(app)
    app.instance_file.write_text("another\n")
    with pytest.raises(Locked, match="belongs to another database"):
        pipeline.drain_outbox(app, edition)


def test_a_moved_folder_sends_and_a_copied_file_does_not(tmp_path: Path, sink: Sink) -> None:
    first = tmp_path / "first"
    first.mkdir()
    app = an_app(first, clock=Clock(), transport="smtp", port=sink.port)
    edition = queued(app)
    app.close()
    moved = first.rename(tmp_path / "moved")
    (tmp_path / "copy").mkdir()
    for name in ("config.toml", "digest.key", "digest.db"):
        shutil.copy(moved / name, tmp_path / "copy" / name)
    copy = an_app(tmp_path / "copy", clock=Clock(), transport="smtp", port=sink.port)
    with pytest.raises(Locked):
        pipeline.drain_outbox(copy, edition)
    copy.close()
    again = an_app(moved, clock=Clock(), transport="smtp", port=sink.port)
    assert pipeline.drain_outbox(again, edition).finished
    again.close()


def test_a_copy_inside_the_cluster_is_another_database(
    tmp_path: Path, postgres_url: str, postgres: str, sink: Sink
) -> None:
    app = an_app(tmp_path, postgres_url, Clock(), transport="smtp", port=sink.port)
    edition = queued(app)
    app.close()
    name = sa.make_url(postgres_url).database
    admin = sa.create_engine(
        sa.make_url(postgres).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}_copy TEMPLATE {name}")
    copied = Database(f"{postgres_url.replace(str(name), f'{name}_copy')}")
    with pytest.raises(Locked, match="another PostgreSQL database"):
        pipeline.drain_outbox(replace(app, database=copied), edition)
    copied.close()
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name}_copy")
    admin.dispose()


def test_a_backup_taken_in_mid_send_is_whole_and_restored_locked(
    tmp_path: Path, sink: Sink
) -> None:
    app = an_app(tmp_path, clock=Clock(), transport="smtp", port=sink.port)
    edition = queued(app, 5)
    saved = tmp_path / "saved.db"
    backup.backup(app.database, saved)
    assert saved.stat().st_mode & 0o777 == 0o600
    assert pipeline.drain_outbox(app, edition).finished
    sent = dict(sink.counts)
    backup.restore(app.database, saved, "it was restored by a test")
    restored = pipeline.find_edition(app, "latest")
    assert restored.state is EditionState.SENDING
    with pytest.raises(Locked, match="it was restored by a test"):
        pipeline.drain_outbox(app, restored)
    assert sink.counts == sent
    assert [path.name for path in tmp_path.glob(".*")] == []
    app.close()


def test_a_backup_overwrites_nothing_and_a_restore_takes_no_other_file(
    tmp_path: Path, app: App
) -> None:
    if not app.database.is_sqlite:
        with pytest.raises(StoreError, match="pg_dump"):
            backup.backup(app.database, tmp_path / "saved.db")
        return
    there = tmp_path / "there.db"
    there.write_text("no database")
    with pytest.raises(StoreError, match="there is a file already"):
        backup.backup(app.database, there)
    with pytest.raises(StoreError, match=r"cannot be copied|not a database"):
        backup.restore(app.database, there, "x")
    sqlite3.connect(tmp_path / "empty.db").close()
    with pytest.raises(StoreError, match="is no digest database"):
        backup.restore(app.database, tmp_path / "empty.db", "x")
    with pytest.raises(StoreError, match="no such file"):
        backup.restore(app.database, tmp_path / "none.db", "x")
    assert pipeline.health(app)["ok"] is True


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    app = an_app(tmp_path, clock=Clock())
    mine = app.settings.database.model_copy(update={"instance_file": "no/such/folder"})
    settings = app.settings.model_copy(update={"database": mine})
    with pytest.raises(StoreError, match=r"cannot be written.*instance_file"):
        replace(app, settings=settings).require_unlocked()
    app.close()
