"""Queries for deliveries that wait for their reader's local time."""

from datetime import datetime

import sqlalchemy as sa

from digest.model import DeliveryState
from digest.store.database import Transaction
from digest.store.sql import table
from digest.store.tables import DeliveryRow, SubscriberRow, SubscriptionRow

_DELIVERY, _CONSENT = table(DeliveryRow), table(SubscriptionRow)
_PERSON = table(SubscriberRow)
_THEIRS = _CONSENT.join(_PERSON, _CONSENT.c.subscriber_id == _PERSON.c.id)


def zones(tx: Transaction, edition_id: int) -> list[str]:
    """Return the time zones of an edition's readers; "" for who has none."""
    joined = _THEIRS.join(_DELIVERY, _DELIVERY.c.subscription_id == _CONSENT.c.id)
    wanted = sa.select(_PERSON.c.timezone).distinct().select_from(joined)
    return sorted(tx.scalars(wanted.where(_DELIVERY.c.edition_id == edition_id)))


def wait(tx: Transaction, edition_id: int, zone: str, at: datetime) -> None:
    """Let the queued deliveries of one zone's readers be due at an instant, not before."""
    mine = sa.select(_CONSENT.c.id).select_from(_THEIRS).where(_PERSON.c.timezone == zone)
    queued = _DELIVERY.c.state == DeliveryState.QUEUED
    where = sa.and_(_DELIVERY.c.edition_id == edition_id, queued)
    where = sa.and_(where, _DELIVERY.c.subscription_id.in_(mine))
    later = {"state": DeliveryState.DEFERRED, "next_try_at": at}
    tx.execute(sa.update(_DELIVERY).where(where).values(later))
