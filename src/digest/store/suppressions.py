"""Queries about addresses that must not be mailed, and why."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from digest.model import Suppression, SuppressionReason
from digest.store.consent import refresh
from digest.store.database import Transaction
from digest.store.sql import rows, table, upsert
from digest.store.tables import SubscriberRow, SuppressionRow

_PERSON, _SUPPRESSED = table(SubscriberRow), table(SuppressionRow)


def suppress(
    tx: Transaction, digest: str, reason: SuppressionReason, now: datetime, note: str = ""
) -> None:
    """Suppress an address; an earlier reason stays, but a complaint is never forgotten."""
    values = {"reason": reason, "at": now, "note": note}
    statement = upsert(tx, SuppressionRow).values(address_digest=digest, **values)
    if reason is SuppressionReason.COMPLAINED:
        other = _SUPPRESSED.c.reason != reason
        keys = ["address_digest"]
        statement = statement.on_conflict_do_update(index_elements=keys, set_=values, where=other)
    else:
        statement = statement.on_conflict_do_nothing()
    tx.execute(statement)
    refresh(tx, _PERSON.c.address_digest == digest)


def unsuppress(tx: Transaction, digest: str) -> None:
    """Let an address be mailed again."""
    tx.execute(sa.delete(_SUPPRESSED).where(_SUPPRESSED.c.address_digest == digest))
    refresh(tx, _PERSON.c.address_digest == digest)


def suppression(tx: Transaction, digest: str) -> Suppression | None:
    """Return why an address is suppressed, None when it is not."""
    found = rows(tx, sa.select(_SUPPRESSED).where(_SUPPRESSED.c.address_digest == digest))
    return _value(found[0]) if found else None


def among(tx: Transaction, digests: Sequence[str]) -> set[str]:
    """Return which of these addresses are suppressed."""
    mine = _SUPPRESSED.c.address_digest
    return {str(each) for each in tx.scalars(sa.select(mine).where(mine.in_(digests)))}


def suppressions(tx: Transaction, ids: Sequence[int]) -> dict[int, Suppression]:
    """Return why people are suppressed, by their ids."""
    joined = _SUPPRESSED.join(_PERSON, _PERSON.c.address_digest == _SUPPRESSED.c.address_digest)
    wanted = sa.select(_SUPPRESSED, _PERSON.c.id).select_from(joined)
    found = rows(tx, wanted.where(_PERSON.c.id.in_(ids)))
    return {row["id"]: _value(row) for row in found}


def orphans(tx: Transaction) -> Iterator[Suppression]:
    """Yield the suppressed addresses that belong to nobody on the list."""
    known = sa.exists().where(_PERSON.c.address_digest == _SUPPRESSED.c.address_digest)
    wanted = sa.select(_SUPPRESSED).where(~known).order_by(_SUPPRESSED.c.address_digest)
    for row in tx.execute(wanted.execution_options(yield_per=500)).mappings():
        yield _value({str(name): value for name, value in row.items()})


def _value(row: dict[str, Any]) -> Suppression:
    """Return a row as a value."""
    reason = SuppressionReason(row["reason"])
    return Suppression(row["address_digest"], reason, row["at"], row["note"])
