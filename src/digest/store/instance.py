"""Whether a database is the one that may send: a copy or a restored one is locked (P7).

A random name stands in the database and in a file outside it; host name and hardware do not
count, so a container that is deployed again with its volume goes on.
"""

import os
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from digest.errors import StoreError
from digest.store.database import Database, Transaction
from digest.store.sql import one_at_a_time, rows, table, upsert
from digest.store.tables import InstanceRow

_INSTANCE = table(InstanceRow)


def why_locked(database: Database, path: Path, fresh: str) -> str:
    """Return why a database must not send, or "".

    One that never sent gets the name in `path`, or `fresh` when there is none; without `fresh` it
    stays without a name.
    """
    with database.reading() as tx:
        known, here = _known(tx), _place(tx)
    if known is None and not fresh:
        return ""
    if known is None:
        known = _named(database, path, fresh)
    if known["locked"]:
        return str(known["locked"])
    if known["place"] != here:
        return "it was copied to another PostgreSQL database"
    found = _written(path)
    if found != known["name"]:
        return f"{path} {'belongs to another database' if found else 'is missing'}"
    return ""


def unlock(database: Database, path: Path, fresh: str) -> None:
    """Make this the database that sends, under a new name; the one it was copied from keeps its."""
    with database.transaction() as tx:
        _write(path, fresh)
        _store(tx, fresh, "")


def lock(database: Database, reason: str) -> None:
    """Lock a database until a person unlocks it."""
    with database.transaction() as tx:
        known = _known(tx)
        _store(tx, known["name"] if known else "none", reason)


def _named(database: Database, path: Path, fresh: str) -> dict[str, Any]:
    with database.transaction() as tx:
        one_at_a_time(tx, "instance")
        if _known(tx) is None:
            name = _written(path) or fresh
            _write(path, name)
            _store(tx, name, "")
        return _known(tx) or {}


def _known(tx: Transaction) -> dict[str, Any] | None:
    found = rows(tx, sa.select(_INSTANCE))
    return found[0] if found else None


def _store(tx: Transaction, name: str, locked: str) -> None:
    values = {"name": name, "place": _place(tx), "locked": locked}
    statement = upsert(tx, InstanceRow).values(id=1, **values)
    tx.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))


def _place(tx: Transaction) -> str:
    """Return which cluster and database this is; "" on SQLite, and a part of it if that is all."""
    if tx.dialect.name != "postgresql":
        return ""
    mine = "SELECT oid FROM pg_database WHERE datname = current_database()"
    may = "SELECT has_function_privilege('pg_control_system()', 'execute')"
    cluster = ""
    if tx.scalar(sa.text(may)):
        cluster = str(tx.scalar(sa.text("SELECT system_identifier FROM pg_control_system()")))
    return f"{cluster}/{tx.scalar(sa.text(mine))}"


def _written(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{path}: cannot be read: {error}") from error


def _write(path: Path, name: str) -> None:
    try:
        path.write_text(f"{name}\n", encoding="ascii")
        with path.open("rb") as file:
            os.fsync(file.fileno())
    except OSError as error:
        raise StoreError(
            f"{path}: cannot be written: {error.strerror}; it tells this database from a copy. "
            "[database] instance_file names another place, one that lasts"
        ) from error
