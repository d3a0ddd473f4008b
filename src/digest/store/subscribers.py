"""Queries about people, their consent, and suppressed addresses."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from digest.errors import NotFound
from digest.model import Subscriber, Subscription, SubscriptionState, SuppressionReason
from digest.store.database import Transaction
from digest.store.sql import rows, table, upsert
from digest.store.tables import (
    ConsentEventRow,
    SubscriberRow,
    SubscriptionRow,
    SuppressionRow,
)

_PERSON, _CONSENT = table(SubscriberRow), table(SubscriptionRow)
_SUPPRESSED, _EVENT = table(SuppressionRow), table(ConsentEventRow)


def add(tx: Transaction, email: str, key: str, digest: str, name: str, now: datetime) -> Subscriber:
    """Return the person with this address, added when new."""
    values = {"email": email, "email_key": key, "address_digest": digest, "name": name}
    statement = upsert(tx, SubscriberRow).values(**values, created_at=now)
    tx.execute(statement.on_conflict_do_nothing())
    return find(tx, key)


def subscribe(
    tx: Transaction, subscriber_id: int, newsletter: str, public_id: str, now: datetime
) -> Subscription:
    """Return the person's subscription to a newsletter, added as pending when new."""
    where = sa.and_(_CONSENT.c.subscriber_id == subscriber_id, _CONSENT.c.newsletter == newsletter)
    values = {"subscriber_id": subscriber_id, "newsletter": newsletter, "created_at": now}
    values |= {"state": SubscriptionState.PENDING, "public_id": public_id}
    tx.execute(upsert(tx, SubscriptionRow).values(values).on_conflict_do_nothing())
    return _subscription(rows(tx, sa.select(_CONSENT).where(where).with_for_update())[0])


def set_state(tx: Transaction, subscription: Subscription, origin: str, now: datetime) -> None:
    """Write a subscription's state with an entry in the consent log."""
    values = {
        "state": subscription.state,
        "confirmed_at": subscription.confirmed_at,
        "ended_at": subscription.ended_at,
    }
    tx.execute(sa.update(_CONSENT).where(_CONSENT.c.id == subscription.id).values(**values))
    log(tx, subscription.id, subscription.state.value, origin, now)


def log(tx: Transaction, subscription_id: int, what: str, origin: str, now: datetime) -> None:
    """Add an entry to the consent log."""
    values = {"subscription_id": subscription_id, "what": what, "origin": origin, "at": now}
    tx.execute(sa.insert(_EVENT).values(values))


def by_public_id(tx: Transaction, public_id: str, *, to_change: bool = False) -> Subscription:
    """Return the subscription a link names; NotFound when there is none.

    `to_change` keeps others from changing it until this transaction ends: an opt-out must not
    be overwritten by a confirmation that was read before it.
    """
    wanted = sa.select(_CONSENT).where(_CONSENT.c.public_id == public_id)
    found = rows(tx, wanted.with_for_update() if to_change else wanted)
    if not found:
        raise NotFound("this subscription no longer exists")
    return _subscription(found[0])


def find(tx: Transaction, email: str) -> Subscriber:
    """Return the person with this address or address key; NotFound when there is none."""
    where = sa.or_(_PERSON.c.email == email, _PERSON.c.email_key == email)
    found = _people(tx, where, 1)
    if not found:
        raise NotFound(f"{email} is not one of the subscribers")
    return found[0]


def every(tx: Transaction, limit: int | None = None) -> list[Subscriber]:
    """Return people in the order they came."""
    return _people(tx, sa.true(), limit)


def suppress(tx: Transaction, digest: str, reason: SuppressionReason, now: datetime) -> None:
    """Suppress an address; an earlier reason stays."""
    statement = upsert(tx, SuppressionRow).values(address_digest=digest, reason=reason, at=now)
    tx.execute(statement.on_conflict_do_nothing())


def active_count(tx: Transaction, newsletter: str) -> int:
    """Return how many people would get an edition of `newsletter` now."""
    return int(
        tx.scalar(sa.select(sa.func.count()).select_from(recipients(newsletter).subquery())) or 0
    )


def recipients(newsletter: str) -> sa.Select[Any]:
    """Return the query for the active, unsuppressed people of a newsletter, oldest first."""
    suppressed = sa.exists().where(_SUPPRESSED.c.address_digest == _PERSON.c.address_digest)
    return (
        sa.select(_CONSENT.c.id, _CONSENT.c.public_id, _PERSON.c.email, _PERSON.c.address_digest)
        .join(_PERSON, _PERSON.c.id == _CONSENT.c.subscriber_id)
        .where(_CONSENT.c.newsletter == newsletter)
        .where(_CONSENT.c.state == SubscriptionState.ACTIVE, ~suppressed)
        .order_by(_CONSENT.c.id)
    )


def _people(tx: Transaction, where: Any, limit: int | None) -> list[Subscriber]:
    joined = _PERSON.outerjoin(
        _SUPPRESSED, _SUPPRESSED.c.address_digest == _PERSON.c.address_digest
    )
    wanted = sa.select(_PERSON, _SUPPRESSED.c.reason).select_from(joined).where(where)
    people = rows(tx, wanted.order_by(_PERSON.c.id).limit(limit))
    theirs = _subscriptions(tx, [person["id"] for person in people])
    return [_person(row, theirs.get(row["id"], ())) for row in people]


def _subscriptions(tx: Transaction, ids: Sequence[int]) -> dict[int, tuple[Subscription, ...]]:
    found: dict[int, tuple[Subscription, ...]] = {}
    for start in range(0, len(ids), 500):
        some = _CONSENT.c.subscriber_id.in_(ids[start : start + 500])
        for row in rows(tx, sa.select(_CONSENT).where(some).order_by(_CONSENT.c.id)):
            owner = row["subscriber_id"]
            found[owner] = (*found.get(owner, ()), _subscription(row))
    return found


def _person(row: dict[str, Any], subscriptions: tuple[Subscription, ...]) -> Subscriber:
    return Subscriber(
        id=row["id"],
        email=row["email"],
        name=row["name"],
        created_at=row["created_at"],
        suppressed=SuppressionReason(row["reason"]) if row["reason"] else None,
        subscriptions=subscriptions,
    )


def _subscription(row: dict[str, Any]) -> Subscription:
    values = {k: v for k, v in row.items() if k != "subscriber_id"}
    return Subscription(**(values | {"state": SubscriptionState(row["state"])}))
