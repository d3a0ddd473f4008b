"""Whole people are written as they were exported."""

from collections.abc import Sequence
from dataclasses import asdict

import sqlalchemy as sa

from digest.model import ConsentEvent, Subscriber, Suppression
from digest.store import consent
from digest.store.database import Transaction
from digest.store.sql import new_ids, table, upsert
from digest.store.tables import ConsentEventRow, SubscriberRow, SubscriptionRow, SuppressionRow
from digest.text import pack

_PERSON, _CONSENT = table(SubscriberRow), table(SubscriptionRow)
_EVENT = table(ConsentEventRow)
_MINE = "newsletter state public_id created_at confirmed_at ended_at asked_at density".split()


def taken_ids(tx: Transaction, public_ids: Sequence[str]) -> set[str]:
    """Return which of these names subscriptions have already."""
    wanted = sa.select(_CONSENT.c.public_id).where(_CONSENT.c.public_id.in_(public_ids))
    return {str(each) for each in tx.scalars(wanted)}


def keep(tx: Transaction, kept: Sequence[Suppression]) -> None:
    """Write suppressions as they were, unless the address is suppressed already."""
    if kept:
        tx.execute(upsert(tx, SuppressionRow).on_conflict_do_nothing(), list(map(asdict, kept)))


def insert(
    tx: Transaction,
    people: Sequence[tuple[Subscriber, str, str, list[list[ConsentEvent]]]],
    import_id: int,
) -> None:
    """Insert people, each with address key, digest, and the logs of their subscriptions."""
    if not people:
        return
    ids = new_ids(tx, SubscriberRow, len(people))
    values = [
        _columns(person, key, digest, import_id) | {"id": number}
        for number, (person, key, digest, _) in zip(ids, people, strict=True)
    ]
    tx.execute(sa.insert(_PERSON), values)
    mine, logs = [], []
    for owner, (person, _, _, log) in zip(ids, people, strict=True):
        for subscription, events in zip(person.subscriptions, log, strict=True):
            consented = {name: getattr(subscription, name) for name in _MINE}
            consented |= {"subscriber_id": owner, "muted": pack(subscription.muted)}
            mine.append(consented | {"import_id": import_id})
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
    ids = new_ids(tx, SubscriptionRow, len(mine))
    rows = [each | {"id": number} for number, each in zip(ids, mine, strict=True)]
    tx.execute(sa.insert(_CONSENT), rows)
    names = ("what", "origin", "at", "words", "by", "ip")
    entries = [
        {name: getattr(event, name) for name in names}
        | {"subscription_id": number, "import_id": import_id}
        for number, events in zip(ids, logs, strict=True)
        for event in events
    ]
    if entries:
        tx.execute(sa.insert(_EVENT), entries)


def _columns(person: Subscriber, key: str, digest: str, import_id: int) -> dict[str, object]:
    names = ("email", "name", "created_at", "language", "timezone")
    values = {name: getattr(person, name) for name in names}
    values |= {"email_key": key, "address_digest": digest, "tags": pack(person.tags)}
    values |= {"domain": key.rpartition("@")[2], "wishes": ""}
    return values | {"status": "pending", "import_id": import_id}
