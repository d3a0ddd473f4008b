"""The moments of a delivery that count: fenced before its final dot, settled after the reply."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import sqlalchemy as sa

from digest.model import Delivery, DeliveryState
from digest.store.database import Transaction
from digest.store.sql import table, text_moment
from digest.store.tables import DeliveryRow, SubscriptionRow
from digest.store.tables.types import UTCDateTime

_DELIVERY = table(DeliveryRow)
_CONSENT = table(SubscriptionRow)
OPEN = (
    DeliveryState.QUEUED,
    DeliveryState.CLAIMED,
    DeliveryState.HANDED,
    DeliveryState.DEFERRED,
)
#: Values of a row that is queued again although its attempt was never made.
BACK = {
    "state": DeliveryState.QUEUED,
    "token": "",
    "lease_until": None,
    "attempts": _DELIVERY.c.attempts - 1,
}
HAND_SECONDS = 900  #: longer than any server may take to answer the final dot


def hand(tx: Transaction, delivery: Delivery, token: str, now: datetime) -> bool:
    """Fence one row; see `hand_all`."""
    return bool(hand_all(tx, [delivery], token, now))


def hand_all(
    tx: Transaction, deliveries: Sequence[Delivery], token: str, now: datetime
) -> set[int]:
    """Fence: move rows to `handed` where the claim and the consent still stand; return their ids.

    Without consent a row is settled as suppressed. Who is not returned: no dot.
    """
    _hold_consent(tx, deliveries)
    ids = {each.id for each in deliveries}
    given = [{"mine": number, "ours": token} for number in ids]
    if tx.execute(_fence(tx.dialect.name), given).rowcount == len(ids):
        return ids
    tx.execute(_STOP, {"ids": list(ids), "ours": token, "now": now})
    return set(tx.scalars(_HANDED, {"ids": list(ids), "ours": token}))


# SQL text, because this is said at each turn of the sender's loop.
_WANTED = """EXISTS (SELECT 1 FROM subscription WHERE subscription.id = delivery.subscription_id
    AND subscription.state = 'active')
    AND NOT EXISTS (SELECT 1 FROM suppression
    WHERE suppression.address_digest = delivery.address_digest)"""
_SOME = sa.bindparam("ids", expanding=True)
_STOP = sa.text(
    "UPDATE delivery SET state = 'suppressed', reply = 'no longer wants it', settled_at = :now"
    f" WHERE id IN :ids AND token = :ours AND state = 'claimed' AND NOT ({_WANTED})"
).bindparams(_SOME, sa.bindparam("now", type_=UTCDateTime()))
_HANDED = sa.text(
    "SELECT id FROM delivery WHERE id IN :ids AND token = :ours AND state = 'handed'"
).bindparams(_SOME)


@cache
def _fence(dialect: str) -> sa.TextClause:
    lease = text_moment(dialect, HAND_SECONDS)
    return sa.text(
        f"UPDATE delivery SET state = 'handed', lease_until = {lease}"
        f" WHERE id = :mine AND token = :ours AND state = 'claimed' AND {_WANTED}"
    )


def _hold_consent(tx: Transaction, deliveries: Sequence[Delivery]) -> None:
    """Wait for opt-outs that are being written, and let none in before the fence stands.

    PostgreSQL only: SQLite has one writer at a time.
    """
    if tx.dialect.name == "postgresql":
        mine = _CONSENT.c.public_id.in_([each.public_id for each in deliveries])
        held = sa.select(_CONSENT.c.id).where(mine).order_by(_CONSENT.c.id)
        tx.execute(held.with_for_update(read=True))


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a row."""

    id: int
    state: DeliveryState
    reply: str
    next_try_at: datetime | None = None


def settle(
    tx: Transaction,
    delivery: Delivery,
    token: str,
    state: DeliveryState,
    reply: str,
    now: datetime,
    next_try_at: datetime | None = None,
) -> bool:
    """Record what became of a row under our token; False when the claim was lost."""
    return settle_all(tx, [Result(delivery.id, state, reply, next_try_at)], token, now) == 1


def settle_all(tx: Transaction, results: Sequence[Result], token: str, now: datetime) -> int:
    """Record what became of rows under our token; return of how many the claim still stood."""
    given = [
        {
            "mine": result.id,
            "ours": token,
            "to": result.state.value,
            "reply": result.reply[:500],
            "next_try": result.next_try_at,
            "settled": None if result.state in OPEN else now,
            "doubt": int(result.state is DeliveryState.UNCERTAIN),
        }
        for result in results
    ]
    return int(tx.execute(_SETTLE, given).rowcount)


_SETTLE = sa.text(
    "UPDATE delivery SET state = :to, reply = :reply, next_try_at = :next_try,"
    " settled_at = :settled, lease_until = NULL, doubts = doubts + :doubt"
    " WHERE id = :mine AND token = :ours"
).bindparams(
    sa.bindparam("next_try", type_=UTCDateTime()), sa.bindparam("settled", type_=UTCDateTime())
)


def release(tx: Transaction, delivery: Delivery, token: str) -> None:
    """Give one row back; see `release_all`."""
    release_all(tx, [delivery.id], token)


def release_all(tx: Transaction, ids: Sequence[int], token: str) -> None:
    """Give claimed or handed rows back whose dot never left: the attempt does not count."""
    where = sa.and_(_DELIVERY.c.id.in_(ids), _DELIVERY.c.token == token)
    tx.execute(sa.update(_DELIVERY).where(where).values(BACK))
