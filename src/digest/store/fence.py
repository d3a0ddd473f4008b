"""The moments of a delivery that count: fenced before its final dot, settled after the reply."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import sqlalchemy as sa

from digest.model import Delivery, DeliveryState, SubscriptionState
from digest.store.database import Transaction
from digest.store.sql import moment, table
from digest.store.tables import DeliveryRow, SubscriptionRow, SuppressionRow

_DELIVERY, _CONSENT = table(DeliveryRow), table(SubscriptionRow)
_SUPPRESSED = table(SuppressionRow)
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

    Without consent a row is settled as suppressed. Who is not returned: no dot.
    """
    _hold_consent(tx, deliveries)
    ids = {each.id for each in deliveries}
    given = [{"mine": number, "ours": token} for number in ids]
    if tx.execute(_fence(tx.dialect.name), given).rowcount == len(ids):
        return ids
    tx.execute(_STOP, {"ids": list(ids), "ours": token, "now": now})
    return set(tx.scalars(_HANDED, {"ids": list(ids), "ours": token}))


_WANTED = sa.and_(
    sa.exists().where(
        _CONSENT.c.id == _DELIVERY.c.subscription_id,
        _CONSENT.c.state == SubscriptionState.ACTIVE,
    ),
    ~sa.exists().where(_SUPPRESSED.c.address_digest == _DELIVERY.c.address_digest),
)
_OURS = _DELIVERY.c.token == sa.bindparam("ours")
_MINE = sa.and_(_DELIVERY.c.id == sa.bindparam("mine"), _OURS)
_CLAIMED = _DELIVERY.c.state == DeliveryState.CLAIMED
_SOME = sa.and_(_DELIVERY.c.id.in_(sa.bindparam("ids", expanding=True)), _OURS)
_STOP = (
    sa.update(_DELIVERY)
    .where(_SOME, _CLAIMED, ~_WANTED)
    .values(
        state=DeliveryState.SUPPRESSED,
        reply="no longer wants it",
        settled_at=sa.bindparam("now"),
    )
)
_HANDED = sa.select(_DELIVERY.c.id).where(_SOME, _DELIVERY.c.state == DeliveryState.HANDED)


@cache
def _fence(dialect: str) -> sa.Update:
    """Return the statement that fences one row; made once, for it is said all the time."""
    values = {"state": DeliveryState.HANDED, "lease_until": moment(dialect, HAND_SECONDS)}
    return sa.update(_DELIVERY).where(_MINE, _CLAIMED, _WANTED).values(values)


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
    given = [
        {
            "mine": result.id,
            "ours": result.token,
            "to": result.state,
            "after": "" if result.state is DeliveryState.QUEUED else result.token,
            "said": result.reply[:500],
            "next_try": result.next_try_at,
            "settled": None if result.state in OPEN else result.at,
            "untried": int(result.state is DeliveryState.QUEUED),
            "doubt": int(result.state is DeliveryState.UNCERTAIN),
            "late": "claimed" if result.state in _OPEN_OR_IN_DOUBT else "uncertain",
        }
        for result in results
    ]
    return int(tx.execute(_SETTLE, given).rowcount) if given else 0


_OPEN_OR_IN_DOUBT = (*OPEN, DeliveryState.UNCERTAIN)
_SETTLE = (
    sa.update(_DELIVERY)
    .where(_MINE, _DELIVERY.c.state.in_(("claimed", "handed", sa.bindparam("late"))))
    .values(
        state=sa.bindparam("to"),
        token=sa.bindparam("after"),
        reply=sa.bindparam("said"),
        next_try_at=sa.bindparam("next_try"),
        settled_at=sa.bindparam("settled"),
        lease_until=None,
        attempts=_DELIVERY.c.attempts - sa.bindparam("untried"),
        doubts=_DELIVERY.c.doubts + sa.bindparam("doubt"),
    )
)
