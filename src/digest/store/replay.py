"""A new reader gets an edition that went out before they came."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from digest.model import DeliveryState, Edition, EditionState, Filter
from digest.store import subscribers
from digest.store.database import Transaction
from digest.store.sql import table, upsert
from digest.store.tables import DeliveryRow, EditionRow, SubscriptionRow

_EDITION, _DELIVERY, _CONSENT = table(EditionRow), table(DeliveryRow), table(SubscriptionRow)
_GOING = (EditionState.SENDING, EditionState.PAUSED, EditionState.SENT)


def queue_one(
    tx: Transaction,
    edition: Edition,
    subscription_id: int,
    among: Filter,
    variant: int,
    now: datetime,
) -> bool:
    """Add one reader's row to an edition that is out, and let it go on; False when it has one.

    Nobody gets it whom it is not for, and nobody twice.
    """
    mine = subscribers.recipients(edition.newsletter, among).where(_CONSENT.c.id == subscription_id)
    reader = tx.execute(mine).mappings().first()
    where = _EDITION.c.id == edition.id
    state = tx.scalar(sa.select(_EDITION.c.state).where(where).with_for_update())
    if reader is None or state not in _GOING:
        return False
    values: dict[str, Any] = {"edition_id": edition.id, "subscription_id": subscription_id}
    values |= {"variant": variant} | {
        name: reader[name] for name in ("public_id", "email", "address_digest")
    }
    values |= {"state": DeliveryState.QUEUED, "token": "", "attempts": 0, "reply": ""}
    made = upsert(tx, DeliveryRow).values(values).on_conflict_do_nothing()
    if tx.scalar(made.returning(_DELIVERY.c.id)) is None:
        return False
    on = {"state": EditionState.SENDING, "changed_at": now} if state == EditionState.SENT else {}
    more = {"frozen": _EDITION.c.frozen + 1}
    tx.execute(sa.update(_EDITION).where(where).values(more | on))
    return True
