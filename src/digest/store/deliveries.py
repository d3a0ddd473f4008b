"""Queries that look at the ledger, and what a person decides of rows in doubt."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from digest.errors import NotFound
from digest.model import Delivery, DeliveryState
from digest.store.database import Transaction
from digest.store.outbox import as_delivery
from digest.store.sql import is_id, rows, table
from digest.store.tables import DeliveryRow, EditionRow

_DELIVERY, _EDITION = table(DeliveryRow), table(EditionRow)
_TROUBLE = (DeliveryState.DEFERRED, DeliveryState.FAILED, DeliveryState.EXPIRED)


def of_edition(
    tx: Transaction, edition_id: int, state: DeliveryState | None = None, limit: int | None = None
) -> list[Delivery]:
    """Return an edition's deliveries, in one state or all, in the order they were made."""
    wanted = sa.select(_DELIVERY).where(_DELIVERY.c.edition_id == edition_id)
    if state is not None:
        wanted = wanted.where(_DELIVERY.c.state == state)
    return [as_delivery(row) for row in rows(tx, wanted.order_by(_DELIVERY.c.id).limit(limit))]


def of_subscriptions(tx: Transaction, ids: Sequence[int]) -> list[Delivery]:
    """Return the deliveries to a person's subscriptions, in the order they were made."""
    each = sa.select(_EDITION.c.id)  # so that the index on edition and subscription serves
    mine = sa.and_(_DELIVERY.c.edition_id.in_(each), _DELIVERY.c.subscription_id.in_(ids))
    wanted = sa.select(_DELIVERY).where(mine)
    return [as_delivery(row) for row in rows(tx, wanted.order_by(_DELIVERY.c.id))]


def find(tx: Transaction, name: str) -> Delivery:
    """Return the delivery with this id; NotFound when there is none."""
    found = rows(tx, sa.select(_DELIVERY).where(_DELIVERY.c.id == int(name))) if is_id(name) else []
    if not found:
        raise NotFound(f"there is no delivery {name!r}; `digest deliveries list` shows them")
    return as_delivery(found[0])


def doubted(tx: Transaction, edition_id: int) -> list[Delivery]:
    """Return the deliveries whose answer was lost, whatever became of them since."""
    wanted = sa.select(_DELIVERY).where(_DELIVERY.c.edition_id == edition_id)
    doubts = wanted.where(_DELIVERY.c.doubts > 0).order_by(_DELIVERY.c.id)
    return [as_delivery(row) for row in rows(tx, doubts)]


def settle_doubts(
    tx: Transaction, edition_id: int, to: DeliveryState, reply: str, now: datetime
) -> list[Delivery]:
    """Queue every uncertain delivery again, or end it as cancelled; return them."""
    where = sa.and_(_DELIVERY.c.edition_id == edition_id, _DELIVERY.c.state == "uncertain")
    values = {
        "state": to,
        "token": "",
        "reply": reply,
        "settled_at": None if to == DeliveryState.QUEUED else now,
    }
    changed = sa.update(_DELIVERY).where(where).values(values).returning(_DELIVERY)
    return [as_delivery(row) for row in rows(tx, changed)]


def is_stuck(tx: Transaction, edition_id: int, since: datetime) -> bool:
    """Say whether deliveries are due since then and nothing was settled."""
    mine = _DELIVERY.c.edition_id == edition_id
    queued = _DELIVERY.c.state.in_((DeliveryState.QUEUED, DeliveryState.CLAIMED))
    again = sa.and_(_DELIVERY.c.state == DeliveryState.DEFERRED, _DELIVERY.c.next_try_at <= since)
    due = sa.select(_DELIVERY.c.id).where(mine, sa.or_(queued, again)).limit(1)
    moved = sa.select(_DELIVERY.c.id).where(mine, _DELIVERY.c.settled_at > since).limit(1)
    return tx.execute(due).first() is not None and tx.execute(moved).first() is None


def next_due(tx: Transaction, edition_id: int) -> datetime | None:
    """Return when the first may be tried that may not yet: deferred, or held by a sender."""
    column = _DELIVERY.c
    deferred, held = DeliveryState.DEFERRED.value, DeliveryState.CLAIMED.value
    moment = sa.case(
        (column.state == deferred, column.next_try_at), (column.state == held, column.lease_until)
    )
    mine = column.edition_id == edition_id
    due: datetime | None = tx.execute(sa.select(sa.func.min(moment)).where(mine)).scalar_one()
    return due


def troubles(tx: Transaction, edition_id: int) -> Sequence[tuple[str, int]]:
    """Return what servers refused, by the beginning of their words, with how often."""
    words = sa.func.substr(_DELIVERY.c.reply, 1, 12).label("words")
    wanted = sa.select(words, sa.func.count()).where(_DELIVERY.c.edition_id == edition_id)
    wanted = wanted.where(_DELIVERY.c.state.in_(_TROUBLE)).group_by(words)
    return [(str(said), int(count)) for said, count in tx.execute(wanted)]
