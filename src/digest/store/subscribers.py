"""Queries about people and their consent."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from digest.errors import NotFound
from digest.model import (
    EVERYBODY,
    ConsentEvent,
    Filter,
    Subscriber,
    Subscription,
    SubscriptionState,
    SuppressionReason,
)
from digest.store import active, picking
from digest.store.consent import is_suppressed, log, refresh
from digest.store.database import Transaction
from digest.store.sql import rows, table, upsert
from digest.store.tables import SubscriberRow, SubscriptionRow, SuppressionRow
from digest.text import pack, unpack

_PERSON, _CONSENT = table(SubscriberRow), table(SubscriptionRow)
_SUPPRESSED = table(SuppressionRow)
_MANY = 2_000


def add(tx: Transaction, email: str, key: str, digest: str, name: str, now: datetime) -> Subscriber:
    """Return the person with this address, added when new."""
    values = {"email": email, "email_key": key, "address_digest": digest, "name": name}
    values["domain"] = key.rpartition("@")[2]
    statement = upsert(tx, SubscriberRow).values(**values, created_at=now)
    tx.execute(statement.on_conflict_do_nothing())
    return find(tx, key)


def edit(tx: Transaction, person_id: int, values: dict[str, Any]) -> None:
    """Write some of a person's name, tags, language, time zone, or a new address."""
    packed = {k: pack(v) if isinstance(v, tuple) else v for k, v in values.items()}
    if "email_key" in values:
        packed["domain"] = values["email_key"].rpartition("@")[2]
    tx.execute(sa.update(_PERSON).where(_PERSON.c.id == person_id).values(packed))
    refresh(tx, [person_id])


def prefer(tx: Transaction, subscription_id: int, muted: Sequence[str], density: str) -> None:
    """Write how a reader wants a newsletter."""
    values = {"muted": pack(muted), "density": density}
    mine = sa.update(_CONSENT).where(_CONSENT.c.id == subscription_id).values(values)
    refresh(tx, list(tx.scalars(mine.returning(_CONSENT.c.subscriber_id))))


def subscribe(
    tx: Transaction, subscriber_id: int, newsletter: str, public_id: str, now: datetime
) -> Subscription:
    """Return the person's subscription to a newsletter, added as pending when new."""
    where = sa.and_(_CONSENT.c.subscriber_id == subscriber_id, _CONSENT.c.newsletter == newsletter)
    values = {"subscriber_id": subscriber_id, "newsletter": newsletter, "created_at": now}
    values |= {"state": SubscriptionState.PENDING, "public_id": public_id}
    tx.execute(upsert(tx, SubscriptionRow).values(values).on_conflict_do_nothing())
    refresh(tx, [subscriber_id])
    return _subscription(rows(tx, sa.select(_CONSENT).where(where).with_for_update())[0])


def set_state(
    tx: Transaction,
    subscription: Subscription,
    origin: str,
    now: datetime,
    *,
    words: str = "",
    by: str = "",
    ip: str = "",
) -> None:
    """Write a subscription's state with an entry in the consent log."""
    names = ("state", "public_id", "confirmed_at", "ended_at", "asked_at")
    values = {name: getattr(subscription, name) for name in names}
    tx.execute(sa.update(_CONSENT).where(_CONSENT.c.id == subscription.id).values(values))
    log(tx, subscription.id, ConsentEvent(subscription.state.value, origin, now, words, by, ip))
    owner = sa.select(_CONSENT.c.subscriber_id).where(_CONSENT.c.id == subscription.id)
    refresh(tx, [int(tx.scalar(owner) or 0)])


def end(tx: Transaction, ended: Sequence[tuple[Subscription, str]], origin: str) -> None:
    """Write that subscriptions ended, each with the network its word came from, at one stroke."""
    names = ("state", "ended_at", "asked_at")
    written = [{"which": s.id} | {name: getattr(s, name) for name in names} for s, _ in ended]
    if not written:
        return
    mine = _CONSENT.c.id == sa.bindparam("which")
    tx.execute(sa.update(_CONSENT).where(mine).values(dict.fromkeys(names)), written)
    for s, ip in ended:
        log(tx, s.id, ConsentEvent(s.state.value, origin, s.ended_at or s.created_at, ip=ip))
    ids = [s.id for s, _ in ended]
    owners = tx.scalars(sa.select(_CONSENT.c.subscriber_id).where(_CONSENT.c.id.in_(ids)))
    refresh(tx, list(owners))


def by_public_ids(tx: Transaction, public_ids: Sequence[str]) -> dict[str, Subscription]:
    """Return the subscriptions that links name, to change them, in an order all keep to."""
    named = _CONSENT.c.public_id.in_(public_ids)
    wanted = sa.select(_CONSENT).where(named).order_by(_CONSENT.c.id).with_for_update()
    return {row["public_id"]: _subscription(row) for row in rows(tx, wanted)}


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


def find(tx: Transaction, key: str) -> Subscriber:
    """Return the person with this address key; NotFound when there is none."""
    found = _people(tx, _PERSON.c.email_key == key, 1)
    if not found:
        raise NotFound(f"{key} is not one of the subscribers")
    return found[0]


def owner_of(tx: Transaction, public_id: str) -> Subscriber:
    """Return the person whose subscription a link names; NotFound when there is none."""
    owner = sa.select(_CONSENT.c.subscriber_id).where(_CONSENT.c.public_id == public_id)
    found = _people(tx, _PERSON.c.id.in_(owner), 1)
    if not found:
        raise NotFound("this subscription no longer exists")
    return found[0]


def get(tx: Transaction, person_id: int) -> Subscriber:
    """Return the person of that number; NotFound when there is none."""
    found = _people(tx, _PERSON.c.id == person_id, 1)
    if not found:
        raise NotFound(f"there is no subscriber {person_id}; perhaps they were erased")
    return found[0]


def address_of(tx: Transaction, subscription_id: int) -> str:
    """Return the address a subscription belongs to."""
    joined = sa.select(_PERSON.c.email).join(_CONSENT, _CONSENT.c.subscriber_id == _PERSON.c.id)
    return str(tx.scalar(joined.where(_CONSENT.c.id == subscription_id)))


def by_keys(tx: Transaction, keys: Sequence[str]) -> dict[str, Subscriber]:
    """Return the people with these address keys."""
    found = rows(tx, _people_query(_PERSON.c.email_key.in_(keys)))
    names = [row["email_key"] for row in found]
    return dict(zip(names, _people_of(tx, found), strict=True))


def active_count(tx: Transaction, newsletter: str, among: Filter = EVERYBODY) -> int:
    """Return how many people would get an edition of `newsletter` now."""
    if among != EVERYBODY:
        wanted = recipients(newsletter, among).subquery()
        return int(tx.scalar(sa.select(sa.func.count()).select_from(wanted)) or 0)
    # An index alone tells who is active; the few who are suppressed are looked up one by one.
    out = sa.select(sa.func.count()).select_from(_CONSENT).where(active.kept_out(newsletter))
    return active.every(tx, newsletter) - int(tx.scalar(out) or 0)


def recipients(newsletter: str, among: Filter = EVERYBODY) -> sa.Select[Any]:
    """Return the query for the active, unsuppressed people of a newsletter, oldest first."""
    return (
        sa.select(_CONSENT.c.id, _CONSENT.c.public_id, _PERSON.c.email, _PERSON.c.address_digest)
        .join(_PERSON, _PERSON.c.id == _CONSENT.c.subscriber_id)
        .where(active.active(newsletter), ~is_suppressed())
        .where(picking.condition(among))
        .order_by(_CONSENT.c.id)
    )


def some(
    tx: Transaction,
    among: Filter = EVERYBODY,
    order: str = "came",
    limit: int | None = None,
    skip: int = 0,
) -> Iterator[Subscriber]:
    """Yield people as they are read, in an order of `picking.ORDERS`, from the `skip`th on."""
    many = limit is not None and _are_many(tx, among)
    where = picking.many(among) if many else picking.few(among)
    wanted = _people_query(where).order_by(*picking.order_by(order))
    wanted = wanted.limit(limit).offset(skip or None).execution_options(yield_per=500)
    streamed = tx.execute(wanted)
    names = list(streamed.keys())
    for part in streamed.partitions(500):
        yield from _people_of(tx, [dict(zip(names, row, strict=True)) for row in part])


def _are_many(tx: Transaction, among: Filter) -> bool:
    """Say whether so many are picked that a page is full soon whatever the order."""
    ids = sa.select(_PERSON.c.id).where(picking.few(among)).offset(_MANY).limit(1)
    return tx.execute(ids).first() is not None


def picks(tx: Transaction, among: Filter, person_id: int) -> bool:
    """Say whether an expression picks a person."""
    wanted = sa.select(_PERSON.c.id).where(_PERSON.c.id == person_id, picking.condition(among))
    return tx.execute(wanted).first() is not None


def count(tx: Transaction, among: Filter = EVERYBODY, most: int | None = None) -> int:
    """Return how many people an expression picks; at most `most` are looked for."""
    some_of = sa.select(_PERSON.c.id).where(picking.few(among)).limit(most).subquery()
    every = sa.select(sa.func.count()).select_from(_PERSON).where(picking.few(among))
    wanted = every if most is None else sa.select(sa.func.count()).select_from(some_of)
    return int(tx.scalar(wanted) or 0)


def _people(tx: Transaction, where: Any, limit: int | None) -> list[Subscriber]:
    wanted = _people_query(where).order_by(_PERSON.c.id).limit(limit)
    return _people_of(tx, rows(tx, wanted))


def _people_query(where: Any) -> sa.Select[Any]:
    joined = _PERSON.outerjoin(
        _SUPPRESSED, _SUPPRESSED.c.address_digest == _PERSON.c.address_digest
    )
    return sa.select(_PERSON, _SUPPRESSED.c.reason).select_from(joined).where(where)


def _people_of(tx: Transaction, people: Sequence[Mapping[Any, Any]]) -> list[Subscriber]:
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


def _person(row: Mapping[Any, Any], subscriptions: tuple[Subscription, ...]) -> Subscriber:
    return Subscriber(
        id=row["id"],
        email=row["email"],
        name=row["name"],
        created_at=row["created_at"],
        suppressed=SuppressionReason(row["reason"]) if row["reason"] else None,
        subscriptions=subscriptions,
        tags=unpack(row["tags"]),
        language=row["language"],
        timezone=row["timezone"],
    )


def _subscription(row: dict[str, Any]) -> Subscription:
    return Subscription(
        id=row["id"],
        newsletter=row["newsletter"],
        state=SubscriptionState(row["state"]),
        public_id=row["public_id"],
        created_at=row["created_at"],
        confirmed_at=row["confirmed_at"],
        ended_at=row["ended_at"],
        asked_at=row["asked_at"],
        muted=unpack(row["muted"]),
        density=row["density"],
    )
