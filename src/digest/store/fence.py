"""The moments of a delivery that count: fenced before its final dot, settled after the reply."""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from digest.model import Delivery, DeliveryState, SubscriptionState
from digest.store.database import Transaction
from digest.store.sql import as_stored, moment, numbers_in, pairs_in, run_many, said, table
from digest.store.tables import DeliveryRow, SubscriptionRow, SuppressionRow

_DELIVERY, _CONSENT = table(DeliveryRow), table(SubscriptionRow)
_SUPPRESSED = table(SuppressionRow)
_STATE = sa.type_coerce(_DELIVERY.c.state, sa.String)
OPEN = (
    DeliveryState.QUEUED,
    DeliveryState.CLAIMED,
    DeliveryState.HANDED,
    DeliveryState.DEFERRED,
)
HAND_SECONDS = 900  #: longer than any server may take to answer the final dot


def hand(tx: Transaction, delivery: Delivery, token: str, now: datetime) -> bool:
    """Fence one row; see `hand_all`."""
    return bool(hand_all(tx, [delivery], token, now))


def hand_all(
    tx: Transaction, deliveries: Sequence[Delivery], token: str, now: datetime
) -> set[int]:
    """Fence: move rows to `handed` where the claim and the consent still stand; return their ids.

    Without consent a row is settled as suppressed. Who is not returned: no dot. None of them has
    left, so one that is handed already was read so from a file by somebody else (`flight.fold`):
    the consent counts for it all the same.
    """
    _hold_consent(tx, deliveries)
    dialect = tx.dialect.name
    given = {"ids": json.dumps([each.id for each in deliveries]), "ours": token}
    if said(tx, _fence(dialect), given).rowcount == len(deliveries):
        return {each.id for each in deliveries}
    said(tx, _stop(dialect), given | {"now": as_stored(tx, now)})
    return {row[0] for row in said(tx, _fenced(dialect), given).fetchall()}


_WANTED = sa.and_(
    sa.exists().where(
        _CONSENT.c.id == _DELIVERY.c.subscription_id,
        _CONSENT.c.public_id == _DELIVERY.c.public_id,  # a changed address has another
        _CONSENT.c.state == sa.literal_column(f"'{SubscriptionState.ACTIVE.value}'"),
    ),
    ~sa.exists().where(_SUPPRESSED.c.address_digest == _DELIVERY.c.address_digest),
)


def _mine(dialect: str, *states: str) -> sa.ColumnElement[bool]:
    each: list[Any] = [sa.literal_column(f"'{state}'") for state in states or ("claimed",)]
    return sa.and_(
        _DELIVERY.c.id.in_(numbers_in(dialect, "ids")),
        _DELIVERY.c.token == sa.bindparam("ours"),
        _STATE.in_(each),
    )


@cache
def _standing(dialect: str) -> sa.Executable:
    return sa.select(_DELIVERY.c.id).where(_mine(dialect), _WANTED)


@cache
def _fenced(dialect: str) -> sa.Executable:
    return sa.select(_DELIVERY.c.id).where(_mine(dialect, "handed"))


@cache
def _stop(dialect: str) -> sa.Executable:
    values: dict[str, Any] = {
        "state": sa.literal_column("'suppressed'"),
        "reply": sa.literal_column("'no longer wants it'"),
        "settled_at": sa.bindparam("now"),
    }
    ready = _mine(dialect, "claimed", "handed")
    return sa.update(_DELIVERY).where(ready, ~_WANTED).values(values)


@cache
def _fence(dialect: str) -> sa.Executable:
    """Return the statement that fences rows; made once, for it is said all the time."""
    return _kept(dialect, HAND_SECONDS).where(_WANTED)


@cache
def _kept(dialect: str, seconds: int) -> sa.Update:
    lease = moment(dialect, seconds)
    values = {"state": sa.literal_column("'handed'"), "lease_until": lease}
    return sa.update(_DELIVERY).where(_mine(dialect)).values(values)


def still_wanted(tx: Transaction, ids: Sequence[int], token: str) -> set[int]:
    """Return which of some rows would be fenced now: their claim and the consent stand."""
    given = {"ids": json.dumps(ids), "ours": token}
    return {row[0] for row in said(tx, _standing(tx.dialect.name), given).fetchall()}


def keep_handed(
    tx: Transaction, ids: Sequence[int], token: str, seconds: int = HAND_SECONDS
) -> None:
    """Have rows handed that were fenced elsewhere, for so many seconds from now.

    Those that are not claimed under the token any more stay as they are.
    """
    if ids:
        given = {"ids": json.dumps(ids), "ours": token}
        said(tx, _kept(tx.dialect.name, seconds), given)


def _hold_consent(tx: Transaction, deliveries: Sequence[Delivery]) -> None:
    """Wait for opt-outs that are being written, and let none in before the fence stands.

    PostgreSQL only: SQLite has one writer at a time.
    """
    if tx.dialect.name == "postgresql":
        said(tx, _HELD, {"ids": json.dumps([each.id for each in deliveries])})


_THEIRS = sa.select(_DELIVERY.c.subscription_id).where(
    _DELIVERY.c.id.in_(numbers_in("postgresql", "ids"))
)
_HELD = (
    sa.select(_CONSENT.c.id)
    .where(_CONSENT.c.id.in_(_THEIRS))
    .order_by(_CONSENT.c.id)
    .with_for_update(read=True)
)


class Result(NamedTuple):
    """What became of a row claimed under a token; queued: its dot never left."""

    id: int
    token: str
    state: DeliveryState
    reply: str
    at: datetime
    next_try_at: datetime | None = None


def settle_all(tx: Transaction, results: Sequence[Result]) -> int:
    """Record what became of rows; return of how many it was news.

    A row that went on since, under another token, stays as it is. One called uncertain meanwhile
    is settled by what was heard, if that settles it. One given back counts no attempt.
    """
    sent: dict[str, list[Result]] = {}
    others = []
    for result in results:
        if result.state is DeliveryState.SENT:
            sent.setdefault(result.token, []).append(result)
        else:
            others.append(_as_given(tx, result))
    news = run_many(tx, _SETTLE, others) if others else 0
    for token, mine in sent.items():
        replies = json.dumps({result.id: result.reply[:500] for result in mine})
        given = {"replies": replies, "ours": token, "now": as_stored(tx, mine[-1].at)}
        news += int(said(tx, _taken(tx.dialect.name), given).rowcount)
    return news


def _as_given(tx: Transaction, result: Result) -> dict[str, Any]:
    return {
        "mine": result.id,
        "ours": result.token,
        "to": result.state.value,
        "after": "" if result.state is DeliveryState.QUEUED else result.token,
        "said": result.reply[:500],
        "next_try": as_stored(tx, result.next_try_at),
        "settled": None if result.state in OPEN else as_stored(tx, result.at),
        "untried": int(result.state is DeliveryState.QUEUED),
        "doubt": int(result.state is DeliveryState.UNCERTAIN),
        "late": "claimed" if result.state in _OPEN_OR_IN_DOUBT else "uncertain",
    }


@cache
def _taken(dialect: str) -> sa.Executable:
    """Return the statement for the usual end of many rows at once: the server took them."""
    given = pairs_in(dialect, "replies")
    mine = _DELIVERY.c.id == sa.cast(given.c.key, sa.BigInteger)
    ours = _DELIVERY.c.token == sa.bindparam("ours")
    states: list[Any] = [
        sa.literal_column(f"'{state}'") for state in ("handed", "claimed", "uncertain")
    ]
    values: dict[str, Any] = {
        "state": sa.literal_column("'sent'"),
        "reply": given.c.value,
        "settled_at": sa.bindparam("now"),
        "next_try_at": sa.null(),
        "lease_until": sa.null(),
    }
    return sa.update(_DELIVERY).where(mine, ours, _STATE.in_(states)).values(values)


_OPEN_OR_IN_DOUBT = (*OPEN, DeliveryState.UNCERTAIN)
_SETTLE = (
    sa.update(_DELIVERY)
    .where(
        _DELIVERY.c.id == sa.bindparam("mine"),
        _DELIVERY.c.token == sa.bindparam("ours"),
        sa.or_(
            sa.literal_column("'claimed'") == _STATE,
            sa.literal_column("'handed'") == _STATE,
            sa.bindparam("late") == _STATE,
        ),
    )
    .values(
        state=sa.bindparam("to"),
        token=sa.bindparam("after"),
        reply=sa.bindparam("said"),
        next_try_at=sa.bindparam("next_try"),
        settled_at=sa.bindparam("settled"),
        lease_until=sa.null(),
        attempts=_DELIVERY.c.attempts - sa.bindparam("untried"),
        doubts=_DELIVERY.c.doubts + sa.bindparam("doubt"),
    )
)
