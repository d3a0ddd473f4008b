"""An import is taken back: what it brought goes, what it changed is as before, opt-outs stay."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from digest.errors import NotFound
from digest.model import ConsentEvent, SubscriptionState, SuppressionReason
from digest.store import consent
from digest.store.database import Transaction
from digest.store.sql import rows, table
from digest.store.tables import (
    ConsentEventRow,
    DeliveryRow,
    ImportChangeRow,
    ImportRow,
    SubscriberRow,
    SubscriptionRow,
    SuppressionRow,
)

_PERSON, _CONSENT = table(SubscriberRow), table(SubscriptionRow)
_EVENT, _SUPPRESSED = table(ConsentEventRow), table(SuppressionRow)
_IMPORT, _CHANGE, _DELIVERY = table(ImportRow), table(ImportChangeRow), table(DeliveryRow)
_MOMENTS = ("confirmed_at", "ended_at", "asked_at")


def find(tx: Transaction, import_id: int) -> dict[str, Any]:
    """Return an import; NotFound when there is none."""
    found = rows(tx, sa.select(_IMPORT).where(_IMPORT.c.id == import_id))
    if not found:
        raise NotFound(f"there is no import {import_id}")
    return found[0]


def every(tx: Transaction) -> list[dict[str, Any]]:
    """Return all imports, newest first."""
    return rows(tx, sa.select(_IMPORT).order_by(_IMPORT.c.id.desc()))


def undo(tx: Transaction, import_id: int, now: datetime) -> dict[str, int]:
    """Take an import back; return how many were removed, ended and put back."""
    done = {"put_back": _put_back(tx, import_id, now), "ended": _end_mailed(tx, import_id, now)}
    done["removed"] = _remove(tx, import_id)
    ours = sa.and_(
        _SUPPRESSED.c.import_id == import_id,
        _SUPPRESSED.c.reason != SuppressionReason.COMPLAINED,
    )
    freed = sa.select(_SUPPRESSED.c.address_digest).where(ours)
    touched = sa.select(_PERSON.c.id).where(_PERSON.c.address_digest.in_(freed))
    people = [int(each) for each in tx.scalars(touched)]
    tx.execute(sa.delete(_SUPPRESSED).where(ours))
    for start in range(0, len(people), 500):
        consent.refresh(tx, people[start : start + 500])
    tx.execute(sa.update(_IMPORT).where(_IMPORT.c.id == import_id).values(undone_at=now))
    return done


def _later(import_id: int) -> sa.ColumnElement[bool]:
    """Return that something has happened to a subscription since the import."""
    other = sa.or_(_EVENT.c.import_id.is_(None), _EVENT.c.import_id > import_id)
    last = sa.select(sa.func.max(_EVENT.c.id)).where(_EVENT.c.import_id == import_id)
    newer = _EVENT.c.id > sa.func.coalesce(last.scalar_subquery(), 0)
    return sa.exists().where(_EVENT.c.subscription_id == _CONSENT.c.id, other, newer)


def _put_back(tx: Transaction, import_id: int, now: datetime) -> int:
    """Give people what they had before, and their consent unless something happened since."""
    done = 0
    for change in rows(tx, sa.select(_CHANGE).where(_CHANGE.c.import_id == import_id)):
        before = dict(change["before"])
        was = before.pop("subscription", None)
        person = _PERSON.c.id == change["subscriber_id"]
        done += tx.execute(sa.update(_PERSON).where(person).values(before)).rowcount
        if was:
            moments = {n: datetime.fromisoformat(was[n]) if n in was else None for n in _MOMENTS}
            moved = sa.and_(_CONSENT.c.state != was["state"], ~_later(import_id))
            mine = sa.and_(_CONSENT.c.id == change["subscription_id"], moved)
            values = {"state": SubscriptionState(was["state"])} | moments
            if tx.execute(sa.update(_CONSENT).where(mine).values(values)).rowcount:
                event = ConsentEvent(was["state"], f"import {import_id} undone", now)
                consent.log(tx, change["subscription_id"], event)
        consent.refresh(tx, person)
    return done


def _end_mailed(tx: Transaction, import_id: int, now: datetime) -> int:
    """End what got an edition meanwhile: its link to leave must go on working."""
    mailed = sa.select(_DELIVERY.c.subscription_id)
    wanted = sa.select(_CONSENT.c.id, _CONSENT.c.subscriber_id).where(
        _CONSENT.c.import_id == import_id,
        _CONSENT.c.state != SubscriptionState.ENDED,
        _CONSENT.c.id.in_(mailed),
        ~_later(import_id),
    )
    found = tx.execute(wanted).all()
    for row in found:
        values = {"state": SubscriptionState.ENDED, "ended_at": now, "asked_at": None}
        tx.execute(sa.update(_CONSENT).where(_CONSENT.c.id == row.id).values(values))
        consent.log(tx, row.id, ConsentEvent("ended", f"import {import_id} undone", now))
        consent.refresh(tx, [row.subscriber_id])
    return len(found)


def _remove(tx: Transaction, import_id: int) -> int:
    mailed = sa.select(_DELIVERY.c.subscription_id)
    fresh = sa.and_(
        _CONSENT.c.import_id == import_id, ~_CONSENT.c.id.in_(mailed), ~_later(import_id)
    )
    owners = sa.select(_CONSENT.c.subscriber_id).where(fresh)
    known = sa.and_(_PERSON.c.id.in_(owners), _PERSON.c.import_id.is_distinct_from(import_id))
    others = [int(each) for each in tx.scalars(sa.select(_PERSON.c.id).where(known))]
    done = tx.execute(sa.delete(_CONSENT).where(fresh)).rowcount
    empty = ~sa.exists().where(_CONSENT.c.subscriber_id == _PERSON.c.id)
    tx.execute(sa.delete(_PERSON).where(_PERSON.c.import_id == import_id, empty))
    for start in range(0, len(others), 500):
        consent.refresh(tx, others[start : start + 500])
    return int(done)
