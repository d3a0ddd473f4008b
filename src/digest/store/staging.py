"""A file's rows in a temporary table: filled without a lock on anything, then read by queries."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import sqlalchemy as sa

from digest.store.database import Database, Transaction
from digest.store.tables.types import UTCDateTime

_CHUNK = 500  #: few enough to stay in the processor's cache

STAGED = sa.Table(
    "staged",
    sa.MetaData(),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    *(
        sa.Column(name, sa.String, nullable=False)
        for name in (
            "email key domain digest name tags language timezone state reason public_id ip"
        ).split()
    ),
    *(sa.Column(name, UTCDateTime) for name in ("created_at", "confirmed_at", "ended_at")),
    prefixes=["TEMPORARY"],
)
#: Of these rows those that make nobody new: known, suppressed, or not the first with its address.
OTHERS = sa.Table(
    "others",
    sa.MetaData(),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    prefixes=["TEMPORARY"],
)


@contextmanager
def staged(database: Database, rows: Iterable[tuple[Any, ...]]) -> Iterator[Transaction]:
    """Put rows, in the order of the columns, into the table; yield the connection that has it.

    Moments are written as `text.stored` makes them.
    """
    with database.connected() as connection:
        try:
            connection.execution_options(readonly=True)  # SQLite: no lock on the database
            if database.is_sqlite:  # every row names one this import writes: none is looked up
                connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
                connection.commit()
            with connection.begin():
                _stage(connection, rows)
            connection.execution_options(readonly=False)
            yield connection
        finally:
            connection.rollback()
            connection.invalidate()  # closed, and the table is gone


def _stage(tx: Transaction, rows: Iterable[tuple[Any, ...]]) -> None:
    STAGED.create(tx)
    OTHERS.create(tx)
    _fill(tx, iter(rows))
    tx.exec_driver_sql("CREATE INDEX staged_key ON staged (key)")
    if tx.dialect.name == "postgresql":
        tx.exec_driver_sql("ANALYZE staged")


def _fill(tx: Transaction, rows: Iterator[tuple[Any, ...]]) -> None:
    if tx.dialect.name == "postgresql":
        tx.exec_driver_sql("SET LOCAL TIME ZONE 'UTC'")
        driver: Any = tx.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy("COPY staged FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    marks = ", ".join("?" * len(STAGED.columns))
    while chunk := list(islice(rows, _CHUNK)):
        tx.exec_driver_sql(f"INSERT INTO staged VALUES ({marks})", chunk)  # noqa: S608
