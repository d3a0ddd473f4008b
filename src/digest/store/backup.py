"""Back up a SQLite database while it is in use, and put a backup in its place, locked."""

import sqlite3
from contextlib import closing
from pathlib import Path

from digest.errors import StoreError
from digest.store import instance
from digest.store.database import HEAD, Database
from digest.store.flight import fold_all


def backup(database: Database, to: Path) -> None:
    """Write a consistent copy to a new file; StoreError when there is one already."""
    _require_sqlite(database, "pg_dump --format=custom")
    if to.exists():
        raise StoreError(f"{to}: there is a file already; give another name")
    part = to.with_name(f".{to.name}.part")
    try:
        part.touch(mode=0o600)  # readers' addresses are nobody else's business
        fold_all(database)  # the copy has no such file
        _copy(Path(database.name), part)
        _require_sound(part)
        part.replace(to)
    except OSError as error:
        raise StoreError(f"{to}: cannot be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


def restore(database: Database, source: Path, reason: str) -> None:
    """Put a backup in the place of the database, in one step; it is locked with `reason`."""
    _require_sqlite(database, "pg_restore")
    if not source.is_file():
        raise StoreError(f"{source}: no such file")
    target = Path(database.name)
    draft = target.with_name(f".{target.name}.restore")
    try:
        draft.touch(mode=0o600)
        _copy(source, draft)
        _require_sound(draft)
        _prepare(draft, source, reason)
        _copy(draft, target)
    except OSError as error:
        raise StoreError(f"{target}: cannot be written: {error.strerror}") from error
    finally:
        for path in (draft, *(draft.with_name(draft.name + end) for end in ("-wal", "-shm"))):
            path.unlink(missing_ok=True)


def _prepare(draft: Path, source: Path, reason: str) -> None:
    """Bring the copy to our migration and lock it, before it takes anyone's place."""
    copied = Database(f"sqlite:///{draft.absolute()}")
    try:
        found = copied.revision()
        if not found or found > HEAD:
            newer = f"is at revision {found}, newer than this program"
            raise StoreError(f"{source}: {newer if found else 'is no digest database'}")
        copied.upgrade()
        instance.lock(copied, reason)
        with closing(sqlite3.connect(draft)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        copied.close()


def _copy(source: Path, to: Path) -> None:
    """Copy page by page with SQLite's own backup: whole, also while somebody writes."""
    try:
        with (
            closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as old,
            closing(sqlite3.connect(to, timeout=10)) as new,
        ):
            old.backup(new)
    except sqlite3.Error as error:
        raise StoreError(f"{source} cannot be copied to {to}: {error}") from error


def _require_sound(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        try:
            said = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        except sqlite3.Error as error:
            said = str(error)
    if said != "ok":
        raise StoreError(f"{path}: the copy is damaged: {said}")


def _require_sqlite(database: Database, instead: str) -> None:
    if not database.is_sqlite:
        raise StoreError(
            f"{database.name} is PostgreSQL: use `{instead}`; a restored one is locked by itself"
        )
