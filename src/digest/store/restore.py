"""Whole people are written as they were exported."""

from collections.abc import Sequence
from dataclasses import asdict

import sqlalchemy as sa

from digest.model import ConsentEvent, Subscriber, Suppression
from digest.store import consent
from digest.store.database import Transaction
from digest.store.sql import pack, table, upsert
from digest.store.tables import ConsentEventRow, SubscriberRow, SubscriptionRow, SuppressionRow

_PERSON, _CONSENT = table(SubscriberRow), table(SubscriptionRow)
_EVENT = table(ConsentEventRow)
_MINE = "newsletter state public_id created_at confirmed_at ended_at asked_at density".split()


def taken_ids(tx: Transaction, public_ids: Sequence[str]) -> set[str]:
    """Return which of these names subscriptions have already."""
    wanted = sa.select(_CONSENT.c.public_id).where(_CONSENT.c.public_id.in_(public_ids))
    return {str(each) for each in tx.scalars(wanted)}


def keep(tx: Transaction, suppression: Suppression) -> None:
    """Write a suppression as it was, unless the address is suppressed already."""
    tx.execute(upsert(tx, SuppressionRow).values(asdict(suppression)).on_conflict_do_nothing())


def insert(
    tx: Transaction,
    people: Sequence[tuple[Subscriber, str, str, list[list[ConsentEvent]]]],
    import_id: int,
) -> None:
    """Insert people, each with address key, digest, and the logs of their subscriptions."""
    if not people:
        return
    made = tx.scalars(
        sa.insert(_PERSON).returning(_PERSON.c.id, sort_by_parameter_order=True),
        [_columns(person, key, digest, import_id) for person, key, digest, _ in people],
    )
    ids = [int(each) for each in made]
    mine, logs = [], []
    for owner, (person, _, _, log) in zip(ids, people, strict=True):
        for subscription, events in zip(person.subscriptions, log, strict=True):
            values = {name: getattr(subscription, name) for name in _MINE}
            values |= {"subscriber_id": owner, "muted": pack(subscription.muted)}
            mine.append(values | {"import_id": import_id})
            logs.append(events)
    if mine:
        _subscriptions(tx, mine, logs, import_id)
    consent.refresh(tx, ids)


def _subscriptions(
    tx: Transaction,
    mine: list[dict[str, object]],
    logs: list[list[ConsentEvent]],
    import_id: int,
) -> None:
    statement = sa.insert(_CONSENT).returning(_CONSENT.c.id, sort_by_parameter_order=True)
    made = [int(each) for each in tx.scalars(statement, mine)]
    entries = [
        asdict(event) | {"subscription_id": each, "import_id": import_id}
        for each, events in zip(made, logs, strict=True)
        for event in events
    ]
    if entries:
        tx.execute(sa.insert(_EVENT), entries)


def _columns(person: Subscriber, key: str, digest: str, import_id: int) -> dict[str, object]:
    names = ("email", "name", "created_at", "language", "timezone")
    values = {name: getattr(person, name) for name in names}
    values |= {"email_key": key, "address_digest": digest, "tags": pack(person.tags)}
    return values | {"status": "pending", "import_id": import_id}
