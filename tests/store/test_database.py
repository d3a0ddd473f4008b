"""The database is what the ledger relies on, and its failures are sentences."""

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command

from digest.errors import StoreError
from digest.model import FeedKind
from digest.store import Database, feeds
from digest.store.database import HEAD
from digest.store.migrations import _config, drift, head


def test_the_newest_migration_is_the_one_the_program_asks_for() -> None:
    assert head() == HEAD


def test_the_migrations_make_exactly_the_tables_of_the_code(database: Database) -> None:
    with database.reading() as tx:
        assert drift(tx) == []


def test_feeds_of_the_first_version_hold_articles(tmp_path: Path) -> None:
    old = Database(f"sqlite:///{tmp_path}/digest.db")
    with old.engine.begin() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.exec_driver_sql(
            "INSERT INTO feed"
            " (url, title, section, etag, last_modified, last_error, failures, ended)"
            " VALUES ('https://n.example/feed/', '', '', '', '', '', 0, 0)"
        )
    old.upgrade()
    with old.reading() as tx:
        assert [feed.kind for feed in feeds.every(tx)] == [FeedKind.ARTICLES]
    old.close()


def test_tables_made_anew_keep_what_belongs_to_them(tmp_path: Path) -> None:
    old = Database(f"sqlite:///{tmp_path}/digest.db")
    with old.engine.begin() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0012")
        connection.exec_driver_sql(
            "INSERT INTO subscriber (id, email, email_key, address_digest, name, created_at)"
            " VALUES (1, 'Ada@news.example', 'ada@news.example', 'x', '', '2024-01-01')"
        )
        connection.exec_driver_sql(
            "INSERT INTO subscription (subscriber_id, newsletter, state, public_id, created_at)"
            " VALUES (1, 'weekly', 'active', 'abc', '2024-01-01')"
        )
    old.upgrade()
    with old.reading() as tx:
        found = tx.exec_driver_sql("SELECT domain, wishes FROM subscriber").all()
        assert [tuple(row) for row in found] == [("news.example", "0:0:6:weekly0:0:")]
        assert tx.exec_driver_sql("SELECT count(*) FROM subscription").scalar() == 1
        assert tx.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    old.close()


def test_every_connection_syncs_at_commit_and_keeps_references(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/digest.db")
    database.upgrade()
    for _ in range(3):
        with database.transaction() as tx:
            assert tx.exec_driver_sql("PRAGMA synchronous").scalar() == 2
            assert tx.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
            assert tx.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    database.close()


def test_read_then_write_from_many_threads_never_finds_the_database_locked(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/digest.db")
    database.upgrade()
    with database.transaction() as tx:
        tx.exec_driver_sql("CREATE TABLE n (v INTEGER)")
        tx.exec_driver_sql("INSERT INTO n VALUES (0)")

    def add() -> None:
        for _ in range(50):
            with database.transaction() as tx:
                value = tx.exec_driver_sql("SELECT v FROM n").scalar_one()
                tx.execute(sa.text("UPDATE n SET v = :v"), {"v": value + 1})

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as tx:
        assert tx.exec_driver_sql("SELECT v FROM n").scalar() == 200
    database.close()


def test_a_missing_database_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no database here; run `digest init` first"):
        Database(f"sqlite:///{tmp_path}/none.db").require_current()
    assert not (tmp_path / "none.db").exists()


def test_an_empty_database_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    database = Database(f"sqlite:///{tmp_path}/empty.db")
    with pytest.raises(StoreError, match="run `digest db upgrade`"):
        database.require_current()
    database.close()


def test_a_file_that_is_no_database_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("not a database, just some words " * 50)
    database = Database(f"sqlite:///{tmp_path}/x.db")
    with pytest.raises(StoreError, match="not a digest database"):
        database.require_current()
    database.close()


def test_a_locked_database_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digest.store.database._BUSY_SECONDS", 0.2)
    database = Database(f"sqlite:///{tmp_path}/digest.db")
    database.upgrade()
    holder = sqlite3.connect(tmp_path / "digest.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    busy = pytest.raises(StoreError, match="another process has held the write lock")
    with busy, database.transaction():
        pass
    with database.reading() as tx:  # readers go on meanwhile
        assert tx.exec_driver_sql("SELECT 1").scalar() == 1
    holder.close()
    database.close()


def test_an_unreachable_server_is_one_sentence() -> None:
    database = Database("postgresql://nobody:secret@127.0.0.1:1/none")
    with pytest.raises(StoreError) as caught:
        database.require_current()
    assert "secret" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)
    database.close()


def test_a_relative_path_starts_at_the_config(tmp_path: Path) -> None:
    database = Database("sqlite:///digest.db", tmp_path)
    database.upgrade()
    assert (tmp_path / "digest.db").exists()
    database.close()


def test_four_processes_may_upgrade_at_once(tmp_path: Path) -> None:
    code = f"from digest.store import Database; Database('sqlite:///{tmp_path}/d.db').upgrade()"
    running = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(4)]
    assert [process.wait() for process in running] == [0, 0, 0, 0]
    database = Database(f"sqlite:///{tmp_path}/d.db")
    database.require_current()
    database.close()
