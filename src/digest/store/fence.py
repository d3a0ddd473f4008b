"""The moments of a delivery that count: fenced before its final dot, settled after the reply."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from digest.model import Delivery, DeliveryState, SubscriptionState
from digest.store.database import Transaction
from digest.store.sql import moment, table
from digest.store.tables import DeliveryRow, SubscriptionRow, SuppressionRow

_DELIVERY = table(DeliveryRow)
_CONSENT, _SUPPRESSED = table(SubscriptionRow), table(SuppressionRow)
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
    given = {"ids": [each.id for each in deliveries], "ours": token}
    lease = moment(tx, HAND_SECONDS)
    taken = _FENCE.values(state=DeliveryState.HANDED, lease_until=lease)
    handed = {int(found) for (found,) in tx.execute(taken, given)}
    if len(handed) < len(deliveries):
        reply = "no longer wants it"
        stopped = _STOP.values(state=DeliveryState.SUPPRESSED, reply=reply, settled_at=now)
        tx.execute(stopped, given)
    return handed


_MINE = sa.and_(
    _DELIVERY.c.id.in_(sa.bindparam("ids", expanding=True)),
    _DELIVERY.c.token == sa.bindparam("ours"),
    _DELIVERY.c.state == DeliveryState.CLAIMED,
)
_ACTIVE = sa.exists().where(
    _CONSENT.c.id == _DELIVERY.c.subscription_id, _CONSENT.c.state == SubscriptionState.ACTIVE
)
_UNWANTED = sa.exists().where(_SUPPRESSED.c.address_digest == _DELIVERY.c.address_digest)
_FENCE = sa.update(_DELIVERY).where(_MINE, _ACTIVE, ~_UNWANTED).returning(_DELIVERY.c.id)
_STOP = sa.update(_DELIVERY).where(_MINE, sa.or_(~_ACTIVE, _UNWANTED))


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
            "state": result.state,
            "reply": result.reply[:500],
            "next_try_at": result.next_try_at,
            "settled_at": None if result.state in OPEN else now,
            "doubt": int(result.state is DeliveryState.UNCERTAIN),
        }
        for result in results
    ]
    return int(tx.execute(_SETTLE, given).rowcount)


_OURS = sa.and_(_DELIVERY.c.id == sa.bindparam("mine"), _DELIVERY.c.token == sa.bindparam("ours"))
_SETTLE = (
    sa.update(_DELIVERY)
    .where(_OURS)
    .values(
        state=sa.bindparam("state"),
        reply=sa.bindparam("reply"),
        next_try_at=sa.bindparam("next_try_at"),
        settled_at=sa.bindparam("settled_at"),
        lease_until=None,
        doubts=_DELIVERY.c.doubts + sa.bindparam("doubt"),
    )
)


def release(tx: Transaction, delivery: Delivery, token: str) -> None:
    """Give one row back; see `release_all`."""
    release_all(tx, [delivery.id], token)


def release_all(tx: Transaction, ids: Sequence[int], token: str) -> None:
    """Give claimed or handed rows back whose dot never left: the attempt does not count."""
    where = sa.and_(_DELIVERY.c.id.in_(ids), _DELIVERY.c.token == token)
    tx.execute(sa.update(_DELIVERY).where(where).values(BACK))
