"""Small helpers around SQLAlchemy Core shared by the query modules."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

from digest.store.database import Transaction
from digest.store.tables.types import UTCDateTime


def table(row: type[SQLModel]) -> sa.Table:
    """Return the table behind a row class."""
    return cast("sa.Table", getattr(row, "__table__"))  # noqa: B009


def upsert(tx: Transaction, row: type[SQLModel]) -> Any:
    """Return an INSERT that knows ON CONFLICT in the database's dialect."""
    insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
    return insert(table(row))


def rows(tx: Transaction, query: sa.Executable) -> list[dict[str, Any]]:
    """Run a query and return its rows as plain dictionaries."""
    found = tx.execute(query)
    names = [str(name) for name in found.keys()]  # noqa: SIM118 - a result is no dictionary
    return [dict(zip(names, row, strict=True)) for row in found]


def said(tx: Transaction, statement: sa.Executable, given: Mapping[str, Any]) -> Any:
    """Say a statement in the driver's own words; return its cursor.

    For what is said all the time: SQLAlchemy's work on it costs more than the database's. The
    statement's only parameters are those given, as the driver takes them.
    """
    words, names = _compiled(statement, tx.dialect)
    values = tuple(given[name] for name in names) if names else given
    return tx.connection.cursor().execute(words, values)


def run_many(tx: Transaction, statement: sa.Update, given: Sequence[Mapping[str, Any]]) -> int:
    """Run one statement for many sets of values as the driver takes them; return how many rows."""
    words, names = _compiled(statement, tx.dialect)
    values: list[Any] = [tuple(one[name] for name in names) for one in given] if names else [*given]
    cursor = tx.connection.cursor()
    cursor.executemany(words, values)
    return int(cursor.rowcount)


@lru_cache(maxsize=32)
def _compiled(statement: sa.Executable, dialect: sa.Dialect) -> tuple[str, Sequence[str] | None]:
    compiled = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
    return str(compiled), getattr(compiled, "positiontup", None)


def as_stored(tx: Transaction, at: datetime | None) -> Any:
    """Return a moment as the driver takes it."""
    store = _moments(tx.dialect)[0]
    return store(at) if store else at


def as_read(tx: Transaction, at: Any) -> datetime:
    """Return a stored moment the driver gave."""
    read = _moments(tx.dialect)[1]
    found: datetime = read(at) if read else at
    return found


@lru_cache(maxsize=8)
def _moments(dialect: sa.Dialect) -> tuple[Any, Any]:
    kind = UTCDateTime().dialect_impl(dialect)
    return kind.bind_processor(dialect), kind.result_processor(dialect, None)


def numbers_in(dialect: str, name: str) -> sa.Select[Any]:
    """Return a query for the numbers of a JSON list given as a parameter."""
    if dialect == "postgresql":
        given = sa.func.json_array_elements_text(sa.cast(sa.bindparam(name), sa.JSON))
        each = given.table_valued(sa.column("value", sa.String)).render_derived()
        return sa.select(sa.cast(each.c.value, sa.BigInteger))
    return sa.select(sa.func.json_each(sa.bindparam(name)).table_valued("value").c.value)


def pairs_in(dialect: str, name: str) -> Any:
    """Return a table of the names (`key`) and texts (`value`) of a JSON object given as one."""
    if dialect == "postgresql":
        given = sa.func.json_each_text(sa.cast(sa.bindparam(name), sa.JSON))
        return given.table_valued("key", "value").render_derived()
    return sa.func.json_each(sa.bindparam(name)).table_valued("key", "value")


def new_id(tx: Transaction, row: type[SQLModel], values: dict[str, Any]) -> int:
    """Insert one row and return its id."""
    statement = sa.insert(table(row)).values(_complete(row, values))
    return int(tx.execute(statement.returning(table(row).c.id)).scalar_one())


def new_ids(tx: Transaction, row: type[SQLModel], count: int) -> list[int]:
    """Return ids for rows about to be inserted at one stroke, in the order they come."""
    name = table(row).name
    if tx.dialect.name == "postgresql":
        each = f"SELECT nextval(pg_get_serial_sequence('{name}', 'id'))"
        made = tx.exec_driver_sql(f"{each} FROM generate_series(1, {count:d})")
        return [int(number) for number in made.scalars()]
    last = int(tx.scalar(sa.select(sa.func.max(table(row).c.id))) or 0)
    return list(range(last + 1, last + 1 + count))


def _complete(row: type[SQLModel], values: dict[str, Any]) -> dict[str, Any]:
    """Add the defaults of the row class to what was given."""
    return row(**values).model_dump(exclude={"id"}) | values


def is_id(name: str) -> bool:
    """Say whether a name is a row's id: ASCII digits, small enough for any database."""
    return name.isascii() and name.isdecimal() and len(name) <= 9


def one_at_a_time(tx: Transaction, what: str) -> None:
    """Let nobody else do `what` until this transaction ends; SQLite's write lock does already."""
    if tx.dialect.name == "postgresql":
        tx.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"digest {what}"))))


def moment(dialect: str, seconds: int = 0) -> Any:
    """Return the database's own clock, moved by `seconds`: leases never use ours."""
    if dialect == "postgresql":
        return sa.literal_column(f"clock_timestamp() + interval '{seconds:d} seconds'")
    return sa.literal_column(f"strftime('%Y-%m-%d %H:%M:%f', 'now', '{seconds:+d} seconds')")
