"""Queries about placements."""

from datetime import date
from typing import Any

import sqlalchemy as sa

from digest.errors import NotFound
from digest.model import Placement
from digest.store.database import Transaction
from digest.store.sql import new_id, rows, table
from digest.store.tables import PlacementRow

_PLACEMENT = table(PlacementRow)


def add(tx: Transaction, values: dict[str, Any]) -> int:
    """Add a sponsor's text and return its id."""
    return new_id(tx, PlacementRow, values)


def remove(tx: Transaction, placement_id: int) -> None:
    """Remove a sponsor's text; editions that are built keep it. NotFound says so."""
    where = _PLACEMENT.c.id == placement_id
    if tx.execute(sa.delete(_PLACEMENT).where(where)).rowcount != 1:
        raise NotFound(f"there is no placement {placement_id}; `digest placements list` shows them")


def every(tx: Transaction) -> list[Placement]:
    """Return all placements in the order they were added."""
    return [Placement(**row) for row in rows(tx, sa.select(_PLACEMENT).order_by(_PLACEMENT.c.id))]


def running(tx: Transaction, newsletter: str, day: date) -> list[Placement]:
    """Return the placements that may run in `newsletter` on `day`."""
    here = _PLACEMENT.c.newsletter.in_(("", newsletter))
    begun = sa.or_(_PLACEMENT.c.starts_on.is_(None), _PLACEMENT.c.starts_on <= day)
    not_over = sa.or_(_PLACEMENT.c.ends_on.is_(None), _PLACEMENT.c.ends_on >= day)
    wanted = sa.select(_PLACEMENT).where(here, begun, not_over).order_by(_PLACEMENT.c.id)
    return [Placement(**row) for row in rows(tx, wanted)]
