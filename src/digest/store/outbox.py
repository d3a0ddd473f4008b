"""Queries of the delivery ledger: fill, claim, what a stop does to it, and the books."""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from digest.model import EVERYBODY, Delivery, DeliveryState, Edition, EditionState, Filter, Numbers
from digest.store import subscribers
from digest.store.database import Transaction
from digest.store.fence import OPEN, Result, hand, hand_all, keep_handed, settle_all, still_wanted
from digest.store.flight import fold
from digest.store.sql import as_read, as_stored, moment, numbers_in, said, table
from digest.store.tables import DeliveryRow, EditionRow

__all__ = [
    "CLAIM_SECONDS",
    "OPEN",
    "Result",
    "as_delivery",
    "cancel",
    "claim",
    "fill",
    "find_uncertain",
    "hand",
    "hand_all",
    "keep_handed",
    "left_behind",
    "numbers",
    "requeue",
    "resend_uncertain",
    "resendable",
    "settle_all",
    "still_wanted",
    "take_back",
    "unclaim",
]

_DELIVERY, _EDITION = table(DeliveryRow), table(EditionRow)
_CLAIMED = [
    _DELIVERY.c[name]
    for name in ("id", "email", "public_id", "attempts", "first_claimed_at", "variant")
]
_TAKEN = DeliveryState.CLAIMED
CLAIM_SECONDS = 120  #: a claim that is not used by then may be taken by another


def fill(tx: Transaction, edition: Edition, among: Filter = EVERYBODY) -> int:
    """Make one row for each active, unsuppressed subscriber among some; return how many.

    One INSERT … SELECT, so a crash leaves all or none.
    """
    wanted = subscribers.recipients(edition.newsletter, among).subquery()
    columns = ["edition_id", "subscription_id", "public_id", "email", "address_digest"]
    values = [sa.literal(edition.id), *wanted.c]
    columns += ["state", "token", "attempts", "reply"]
    values += [
        sa.literal(DeliveryState.QUEUED.value),
        sa.literal(""),
        sa.literal(0),
        sa.literal(""),
    ]
    tx.execute(sa.insert(_DELIVERY).from_select(columns, sa.select(*values)))
    mine = sa.select(sa.func.count()).where(_DELIVERY.c.edition_id == edition.id)
    made = int(tx.scalar(mine) or 0)
    where = _EDITION.c.id == edition.id
    tx.execute(sa.update(_EDITION).where(where).values(frozen=made))
    return made


def claim(
    tx: Transaction, edition_id: int, token: str, limit: int, now: datetime
) -> list[Delivery]:
    """Take up to `limit` rows under `token`: queued, due again, or left by a dead claimer.

    One kind after the other, so that each look-up is served by the index.
    """
    given = {"edition": edition_id, "most": limit, "now": as_stored(tx, now)}
    for kind in _KINDS:
        found = said(tx, _free(tx.dialect.name, kind), given).fetchall()
        if found and kind == "claimed":  # unless they are in flight
            fold(tx)
            found = said(tx, _free(tx.dialect.name, kind), given).fetchall()
        if found:
            ids = json.dumps([row[0] for row in found])
            said(tx, _claim(tx.dialect.name), {"ids": ids, "ours": token, "now": given["now"]})
            moments = {at: as_read(tx, at) for at in {row[4] for row in found} if at}
            return [
                Delivery(
                    number, edition_id, email, name, _TAKEN, attempts + 1,
                    moments.get(at, now), variant=variant,
                )
                for number, email, name, attempts, at, variant in found
            ]  # fmt: skip
    return []


_KINDS = ("queued", "deferred", "claimed")


@cache
def _free(dialect: str, kind: str) -> sa.Executable:
    """Return the query for rows of one kind that may be claimed, so that nobody else takes them."""
    column, due = _DELIVERY.c, _DELIVERY.c.next_try_at <= sa.bindparam("now")
    ready: dict[str, Any] = {
        "queued": sa.true(),
        "deferred": due,
        "claimed": column.lease_until < moment(dialect),
    }
    of_kind = sa.literal_column(f"'{kind}'") == sa.type_coerce(column.state, sa.String)
    free = sa.select(*_CLAIMED).where(column.edition_id == sa.bindparam("edition"), of_kind)
    free = free.where(ready[kind]).order_by(column.id)
    free = free.limit(sa.bindparam("most")).offset(sa.literal_column("0"))
    return free.with_for_update(skip_locked=True)


@cache
def _claim(dialect: str) -> sa.Executable:
    column = _DELIVERY.c
    values: dict[str, Any] = {
        "state": sa.literal_column("'claimed'"),
        "token": sa.bindparam("ours"),
        "lease_until": moment(dialect, CLAIM_SECONDS),
        "attempts": column.attempts + sa.literal_column("1"),
        "first_claimed_at": sa.func.coalesce(column.first_claimed_at, sa.bindparam("now")),
    }
    return sa.update(_DELIVERY).where(column.id.in_(numbers_in(dialect, "ids"))).values(values)


def unclaim(tx: Transaction, edition_id: int) -> None:
    """Void every claim on an edition's rows; attempts that were not made do not count."""
    fold(tx)
    where = sa.and_(
        _DELIVERY.c.edition_id == edition_id, _DELIVERY.c.state == DeliveryState.CLAIMED
    )
    values = {
        "state": DeliveryState.QUEUED,
        "token": "",
        "lease_until": None,
        "attempts": _DELIVERY.c.attempts - 1,
    }
    tx.execute(sa.update(_DELIVERY).where(where).values(values))


def requeue(tx: Transaction, ids: Sequence[int]) -> None:
    """Queue failed rows again that were refused for our sake, not the reader's; once each."""
    once = sa.and_(_DELIVERY.c.state == DeliveryState.FAILED, _DELIVERY.c.attempts < 2)
    back = {"state": DeliveryState.QUEUED, "token": "", "settled_at": None}
    tx.execute(sa.update(_DELIVERY).where(_DELIVERY.c.id.in_(ids), once).values(back))


def take_back(tx: Transaction, edition_id: int) -> bool:
    """Remove all rows of an edition if none was ever handed to a server; say whether it was so."""
    fold(tx)
    mine = _DELIVERY.c.edition_id == edition_id
    if tx.dialect.name == "postgresql":
        tx.execute(sa.select(_DELIVERY.c.id).where(mine).with_for_update())
    untouched = (DeliveryState.QUEUED, DeliveryState.CLAIMED, DeliveryState.SUPPRESSED)
    waits = sa.and_(_DELIVERY.c.state == DeliveryState.DEFERRED, _DELIVERY.c.attempts == 0)
    touched = sa.and_(_DELIVERY.c.state.not_in(untouched), ~waits)
    touched = sa.or_(touched, _DELIVERY.c.doubts > 0)
    if tx.execute(sa.select(_DELIVERY.c.id).where(mine, touched).limit(1)).first():
        return False
    tx.execute(sa.delete(_DELIVERY).where(mine))
    tx.execute(sa.update(_EDITION).where(_EDITION.c.id == edition_id).values(frozen=0))
    return True


def cancel(tx: Transaction, edition_id: int, now: datetime, reason: str) -> int:
    """Settle what is not with a server yet as cancelled; its claims are void."""
    fold(tx)
    waiting = (DeliveryState.QUEUED, DeliveryState.CLAIMED, DeliveryState.DEFERRED)
    where = sa.and_(_DELIVERY.c.edition_id == edition_id, _DELIVERY.c.state.in_(waiting))
    values = {
        "state": DeliveryState.CANCELLED,
        "token": "",
        "lease_until": None,
        "next_try_at": None,
        "settled_at": now,
        "reply": reason[:500],
    }
    return int(tx.execute(sa.update(_DELIVERY).where(where).values(values)).rowcount)


def _gone(tx: Transaction) -> sa.ColumnElement[bool]:
    lapsed = _DELIVERY.c.lease_until < moment(tx.dialect.name)
    return sa.and_(_DELIVERY.c.state == DeliveryState.HANDED, lapsed)


def find_uncertain(tx: Transaction, edition_id: int, now: datetime) -> int:
    """Mark rows handed to a server by a process that never came back; return how many."""
    where = sa.and_(_DELIVERY.c.edition_id == edition_id, _gone(tx))
    values = {
        "state": DeliveryState.UNCERTAIN,
        "reply": "no answer was recorded",
        "settled_at": now,
        "doubts": _DELIVERY.c.doubts + 1,
    }
    return int(tx.execute(sa.update(_DELIVERY).where(where).values(values)).rowcount)


def left_behind(tx: Transaction) -> list[int]:
    """Return the paused and cancelled editions with rows that `find_uncertain` would mark."""
    state = _EDITION.c.state.in_((EditionState.PAUSED, EditionState.CANCELLED))
    idle = sa.select(_EDITION.c.id).where(state)
    where = sa.and_(_DELIVERY.c.edition_id.in_(idle), _gone(tx))
    return list(tx.execute(sa.select(_DELIVERY.c.edition_id).where(where).distinct()).scalars())


def resend_uncertain(tx: Transaction, edition_id: int, since: datetime) -> int:
    """Queue the rows uncertain since then or longer again, with the same Message-ID.

    Only once each: a relay that swallows answers must not flood a reader.
    """
    where = sa.and_(_may_resend(edition_id), _DELIVERY.c.settled_at <= since)
    values = {"state": DeliveryState.QUEUED, "token": "", "settled_at": None}
    return int(tx.execute(sa.update(_DELIVERY).where(where).values(values)).rowcount)


def resendable(tx: Transaction, edition_id: int) -> int:
    """Return how many uncertain rows may still be sent again."""
    return int(tx.scalar(sa.select(sa.func.count()).where(_may_resend(edition_id))) or 0)


def _may_resend(edition_id: int) -> sa.ColumnElement[bool]:
    doubt = sa.and_(_DELIVERY.c.state == DeliveryState.UNCERTAIN, _DELIVERY.c.doubts < 2)
    return sa.and_(_DELIVERY.c.edition_id == edition_id, doubt)


def numbers(tx: Transaction, edition_id: int, *, quick: bool = False) -> Numbers:
    """Return the edition's books; `quick` does not count who got it: it is what the rest leave."""
    count = sa.func.count()
    by_state = sa.select(_DELIVERY.c.state, count).where(_DELIVERY.c.edition_id == edition_id)
    if quick:
        others = [state for state in DeliveryState if state is not DeliveryState.SENT]
        by_state = by_state.where(_DELIVERY.c.state.in_(others))
    grouped = tx.execute(by_state.group_by(_DELIVERY.c.state))
    found: dict[str, int] = {str(state): int(n) for state, n in grouped}
    frozen = tx.scalar(sa.select(_EDITION.c.frozen).where(_EDITION.c.id == edition_id))
    if quick:
        found[DeliveryState.SENT.value] = int(frozen or 0) - sum(found.values())
    settled = {s.value: found.get(s, 0) for s in DeliveryState if s not in OPEN}
    return Numbers(frozen=frozen or 0, open=sum(found.get(s, 0) for s in OPEN), **settled)


def as_delivery(row: dict[str, Any]) -> Delivery:
    """Return a row of the ledger as a value."""
    return Delivery(
        id=row["id"],
        edition_id=row["edition_id"],
        email=row["email"],
        public_id=row["public_id"],
        state=row["state"],
        attempts=row["attempts"],
        first_claimed_at=row["first_claimed_at"],
        next_try_at=row["next_try_at"],
        reply=row["reply"],
        doubts=row["doubts"],
        settled_at=row["settled_at"],
        variant=row["variant"],
    )
