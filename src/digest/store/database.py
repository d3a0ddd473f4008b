"""The database: engine, transactions and migrations, the same on SQLite and PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DataError,
    IntegrityError,
    ProgrammingError,
)

from digest.errors import ConfigError, StoreError

Transaction = Connection

#: The newest migration; a test keeps it equal to Alembic's head.
HEAD = "0015"
_BUSY_SECONDS = 10
_FEW_PAGES, _MANY_PAGES = 200, 4_000


class Database:
    """One database with short transactions; no transaction is open during network work."""

    def __init__(self, url: str, folder: Path | None = None) -> None:
        """Prepare the engine; `folder` is where a relative SQLite path starts."""
        self.url = _full_url(url, folder or Path())
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _engine(self.url)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Open a writing transaction; it takes SQLite's write lock at once."""
        with self.translated(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Open a transaction that only reads: one snapshot, no lock."""
        with self.translated():
            options: dict[str, Any] = {"readonly": True}
            if not self.is_sqlite:  # its default sees a new state at each statement
                options["isolation_level"] = "REPEATABLE READ"
            connection = self.engine.connect().execution_options(**options)
            with connection, connection.begin():
                yield connection

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """Open a connection for several transactions: what is put into temporary tables stays."""
        with self.translated(), self.engine.connect() as connection:
            yield connection

    def require_current(self) -> None:
        """Raise StoreError unless the database is there and at the newest migration."""
        if self.is_sqlite and not self._path().exists():
            raise StoreError(f"{self._path()}: no database here; run `digest init` first")
        found = self.revision()
        if found != HEAD:
            raise StoreError(
                f"{self.name}: the database is at revision {found or 'none'}, this program needs "
                f"{HEAD}; run `digest db upgrade`"
            )

    def revision(self) -> str:
        """Return the migration the database is at; "" when it has none."""
        with self.reading() as tx:
            if not sa.inspect(tx).has_table("alembic_version"):
                return ""
            return str(tx.scalar(sa.text("SELECT version_num FROM alembic_version")) or "")

    def upgrade(self) -> None:
        """Bring the database to the newest migration; safe to run at the same time twice."""
        from digest.store.migrations import upgrade

        if self.is_sqlite:
            self._path().parent.mkdir(parents=True, exist_ok=True)
            self._path().touch(mode=0o600)  # readers' addresses are nobody else's business
        with self.translated():
            upgrade(self.engine)

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()

    @property
    def name(self) -> str:
        """Return the database's address without a password, for messages."""
        return str(self._path()) if self.is_sqlite else self.url.render_as_string()

    def _path(self) -> Path:
        return Path(self.url.database or "")

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turn failures of the database into one sentence; our own mistakes stay what they are."""
        driver = self.engine.dialect.loaded_dbapi
        mistakes = (driver.IntegrityError, driver.ProgrammingError, driver.DataError)
        try:
            yield
        except (IntegrityError, ProgrammingError, DataError, *mistakes):
            raise
        except (DatabaseError, driver.DatabaseError) as error:
            reason = str(getattr(error, "orig", error))
            raise StoreError(f"{self.name}: {_sentence(reason)}") from error


class Line:
    """A connection kept for many short transactions whose statements are `store.sql.said`.

    SQLAlchemy's work on a transaction would cost more than a few rows in it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._open: Connection | None = None

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Open a writing transaction; after a failure the next one has a new connection."""
        with self._database.translated():
            try:
                self._open = self._open or self._connected()
                driver = self._open.connection
                if self._database.is_sqlite:
                    driver.cursor().execute("BEGIN IMMEDIATE")
                yield self._open
                driver.commit()
            except BaseException:
                self._drop()
                raise

    def version(self) -> int:
        """Return a number that is another once somebody else wrote to a SQLite database."""
        with self._database.translated():
            self._open = self._open or self._connected()
            cursor = self._open.connection.cursor().execute("PRAGMA data_version")
            return int(cursor.fetchone()[0])

    def close(self) -> None:
        """End the connection: nobody else shall have it as it is."""
        if self._open is not None:
            self._open.invalidate()
            self._open.close()
            self._open = None

    def _connected(self) -> Connection:
        connection = self._database.engine.connect()
        if self._database.is_sqlite:  # rows are written one after the other, each several times
            for pragma in (f"cache_size={_FEW_PAGES}", f"wal_autocheckpoint={_MANY_PAGES}"):
                connection.connection.cursor().execute(f"PRAGMA {pragma}")
        return connection

    def _drop(self) -> None:
        if self._open is not None:
            # A connection closed with a statement still in some traceback would keep its lock.
            with suppress(Exception):
                self._open.connection.rollback()
        self.close()


def _sentence(reason: str) -> str:
    first = reason.strip().splitlines()[0] if reason.strip() else "unknown failure"
    if "database is locked" in reason:
        return f"another process has held the write lock for {_BUSY_SECONDS} s; try again"
    if "not a database" in reason:
        return "this file is not a digest database"
    if "readonly database" in reason or "unable to open" in reason:
        return f"{first}; check that the file and its folder can be written"
    return first


def _full_url(url: str, folder: Path) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except (ValueError, ArgumentError) as error:
        raise ConfigError(f"database.url: cannot be read: {error}") from error
    if parsed.get_backend_name() == "sqlite":
        return parsed.set(database=str((folder / (parsed.database or "")).absolute()))
    return parsed.set(drivername="postgresql+psycopg")


def _engine(url: sa.URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        try:
            return sa.create_engine(url, pool_pre_ping=True)
        except ModuleNotFoundError as error:
            raise StoreError(
                "PostgreSQL needs the extra: pip install 'digest[postgres]'"
            ) from error
    engine = sa.create_engine(url, connect_args={"timeout": _BUSY_SECONDS})
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """Set what the ledger relies on: WAL, an fsync at each commit, foreign keys."""
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at BEGIN: a later upgrade of a read lock can fail at once."""
    readonly = connection.get_execution_options().get("readonly")
    connection.exec_driver_sql("BEGIN" if readonly else "BEGIN IMMEDIATE")
