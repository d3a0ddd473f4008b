"""Queries about the consent log, and about what ends a consent: time, erasure, suppression."""

from collections.abc import Sequence
from datetime import datetime
from functools import reduce
from typing import Any

import sqlalchemy as sa

from digest.model import ConsentEvent, DeliveryState, Subscription, SubscriptionState
from digest.store.database import Transaction
from digest.store.flight import fold
from digest.store.sql import rows, table
from digest.store.tables import (
    ConsentEventRow,
    DeliveryRow,
    EditionRow,
    ImportChangeRow,
    SubscriberRow,
    SubscriptionRow,
    SuppressionRow,
)

_PERSON, _CONSENT = table(SubscriberRow), table(SubscriptionRow)
_SUPPRESSED, _EVENT = table(SuppressionRow), table(ConsentEventRow)
_DELIVERY, _CHANGE = table(DeliveryRow), table(ImportChangeRow)
_EDITION = table(EditionRow)
_WAITING, _CLAIMED = (DeliveryState.QUEUED, DeliveryState.DEFERRED), DeliveryState.CLAIMED
_BEST = (SubscriptionState.ACTIVE, SubscriptionState.PENDING, SubscriptionState.ENDED)
_EVENT_FIELDS = ("what", "origin", "at", "words", "by", "ip")
_SOME = 500  #: ids in one statement; SQLite has a limit


def log(tx: Transaction, subscription_id: int, event: ConsentEvent) -> None:
    """Add an entry to the consent log."""
    values = {name: getattr(event, name) for name in _EVENT_FIELDS}
    tx.execute(sa.insert(_EVENT).values(values | {"subscription_id": subscription_id}))


def events(tx: Transaction, ids: Sequence[int]) -> dict[int, list[ConsentEvent]]:
    """Return the consent logs of subscriptions, oldest entry first."""
    found: dict[int, list[ConsentEvent]] = {}
    for start in range(0, len(ids), _SOME):
        some = _EVENT.c.subscription_id.in_(ids[start : start + _SOME])
        for row in rows(tx, sa.select(_EVENT).where(some).order_by(_EVENT.c.id)):
            event = ConsentEvent(**{name: row[name] for name in _EVENT_FIELDS})
            found.setdefault(row["subscription_id"], []).append(event)
    return found


def refresh(tx: Transaction, people: Sequence[int] | sa.ColumnElement[bool]) -> None:
    """Make anew what lists show and pick by, of some people: their status and their wishes."""
    where = people if isinstance(people, sa.ColumnElement) else _PERSON.c.id.in_(people)
    theirs = _CONSENT.c.subscriber_id == _PERSON.c.id
    status = sa.case(
        (is_suppressed(), "suppressed"),
        *((sa.exists().where(theirs, _CONSENT.c.state == state), state.value) for state in _BEST),
        else_=SubscriptionState.PENDING.value,
    )
    open_ = sa.select(wish(_CONSENT.c.newsletter, _CONSENT.c.density, _CONSENT.c.muted).label("w"))
    open_ = open_.where(theirs, _CONSENT.c.state != SubscriptionState.ENDED)
    each = open_.order_by(_CONSENT.c.newsletter).correlate(_PERSON).subquery()
    every = sa.select(sa.func.aggregate_strings(each.c.w, "")).scalar_subquery()
    wishes = wish(_PERSON.c.language, _PERSON.c.timezone).concat(sa.func.coalesce(every, ""))
    tx.execute(sa.update(_PERSON).where(where).values(status=status, wishes=wishes))


def wish(*texts: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    """Return texts as one, each with its length before it: no two lists of them look the same."""
    parts = (sa.cast(sa.func.length(text), sa.String).concat(":").concat(text) for text in texts)
    return reduce(lambda one, other: one.concat(other), parts)


def is_suppressed() -> sa.ColumnElement[bool]:
    """Return that a person's address is suppressed."""
    return sa.exists().where(_SUPPRESSED.c.address_digest == _PERSON.c.address_digest)


def erase(tx: Transaction, person_id: int, now: datetime) -> None:
    """Delete a person, their subscriptions and the consent log; the ledger forgets the address."""
    fold(tx)
    theirs = sa.select(_CONSENT.c.id).where(_CONSENT.c.subscriber_id == person_id)
    tx.execute(theirs.with_for_update())  # before their deliveries, in the order a sender takes
    mine = _ledger_of(theirs)
    stopped = {"state": DeliveryState.SUPPRESSED, "token": "", "settled_at": now}
    unsent = sa.update(_DELIVERY).where(mine, _DELIVERY.c.state.in_((*_WAITING, _CLAIMED)))
    tx.execute(unsent.values(stopped))
    name = sa.literal("erased-").concat(sa.cast(_DELIVERY.c.id, sa.String))
    gone = {"email": name, "address_digest": "", "public_id": "", "reply": ""}
    tx.execute(sa.update(_DELIVERY).where(mine).values(gone))
    tx.execute(sa.delete(_CHANGE).where(_CHANGE.c.subscriber_id == person_id))
    tx.execute(sa.delete(_PERSON).where(_PERSON.c.id == person_id))


def move(tx: Transaction, mine: Subscription, email: str, digest: str, now: datetime) -> None:
    """Let what waits for a subscription go to its new address, under its new links.

    What a sender has in hand is stopped, for it knows the old address; so is what would come
    there twice.
    """
    fold(tx)
    row, other = _ledger_of([mine.id]), _DELIVERY.alias()
    taken = sa.exists().where(other.c.edition_id == _DELIVERY.c.edition_id, other.c.email == email)
    waits = sa.and_(_DELIVERY.c.state.in_(_WAITING), ~taken)
    stopped = {"state": DeliveryState.SUPPRESSED, "token": "", "settled_at": now}
    stopped["reply"] = "the address was changed"
    open_ones = _DELIVERY.c.state.in_((*_WAITING, _CLAIMED))
    tx.execute(sa.update(_DELIVERY).where(row, open_ones, ~waits).values(stopped))
    new = {"email": email, "address_digest": digest, "public_id": mine.public_id}
    tx.execute(sa.update(_DELIVERY).where(row, waits).values(new))


def _ledger_of(subscriptions: Any) -> sa.ColumnElement[bool]:
    """Return which deliveries are those of subscriptions, so that the index serves."""
    each = sa.select(_EDITION.c.id)
    return sa.and_(_DELIVERY.c.edition_id.in_(each), _DELIVERY.c.subscription_id.in_(subscriptions))


def expire(tx: Transaction, before: datetime, now: datetime) -> int:
    """Forget who was asked before then and gave no word; return how many.

    Who had left before is out again, with an entry in the log: that must not be forgotten.
    """
    state = SubscriptionState.PENDING
    since = sa.func.coalesce(_CONSENT.c.asked_at, _CONSENT.c.created_at)
    late = sa.and_(_CONSENT.c.state == state, since < before)
    wanted = sa.select(_CONSENT.c.id, _CONSENT.c.subscriber_id, _CONSENT.c.ended_at).where(late)
    found = tx.execute(wanted.with_for_update()).all()
    back = [row.id for row in found if row.ended_at]
    gone = [row.id for row in found if not row.ended_at]
    owners = [row.subscriber_id for row in found]
    ended = {"state": SubscriptionState.ENDED, "asked_at": None}
    event = ConsentEvent("ended", "not confirmed in time", now)
    for start in range(0, len(back), _SOME):
        some = back[start : start + _SOME]
        tx.execute(sa.update(_CONSENT).where(_CONSENT.c.id.in_(some)).values(ended))
        for each in some:
            log(tx, each, event)
    for start in range(0, len(gone), _SOME):
        tx.execute(sa.delete(_CONSENT).where(_CONSENT.c.id.in_(gone[start : start + _SOME])))
    for start in range(0, len(owners), _SOME):
        some = owners[start : start + _SOME]
        empty = ~sa.exists().where(_CONSENT.c.subscriber_id == _PERSON.c.id)
        tx.execute(sa.delete(_PERSON).where(_PERSON.c.id.in_(some), empty))
        refresh(tx, some)
    return len(found)
