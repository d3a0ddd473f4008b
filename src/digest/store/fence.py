"""The moments of a delivery that count: fenced before its final dot, settled after the reply."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import sqlalchemy as sa

from digest.model import Delivery, DeliveryState, SubscriptionState
from digest.store.database import Transaction
from digest.store.sql import moment, run_many, table
from digest.store.tables import DeliveryRow, SubscriptionRow, SuppressionRow
from digest.store.tables.types import UTCDateTime

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
    given = {"ids": [each.id for each in deliveries], "ours": token}
    fenced = set(tx.execute(_fence(tx.dialect.name), given).scalars())
    if len(fenced) < len(deliveries):
        tx.execute(_STOP, given | {"now": now})
    return fenced


_WANTED = sa.and_(
    sa.exists().where(
        _CONSENT.c.id == _DELIVERY.c.subscription_id,
        _CONSENT.c.state == SubscriptionState.ACTIVE,
    ),
    ~sa.exists().where(_SUPPRESSED.c.address_digest == _DELIVERY.c.address_digest),
)
_MINE = sa.and_(
    _DELIVERY.c.id.in_(sa.bindparam("ids", expanding=True)),
    _DELIVERY.c.token == sa.bindparam("ours"),
    _DELIVERY.c.state == DeliveryState.CLAIMED,
)
_STOP = (
    sa.update(_DELIVERY)
    .where(_MINE, ~_WANTED)
    .values(
        state=DeliveryState.SUPPRESSED,
        reply="no longer wants it",
        settled_at=sa.bindparam("now"),
    )
)


@cache
def _fence(dialect: str) -> sa.Executable:
    """Return the statement that fences rows; made once, for it is said all the time."""
    values = {"state": DeliveryState.HANDED, "lease_until": moment(dialect, HAND_SECONDS)}
    return sa.update(_DELIVERY).where(_MINE, _WANTED).values(values).returning(_DELIVERY.c.id)


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
    stored = _MOMENT.bind_processor(tx.dialect) or (lambda at: at)
    given = [
        {
            "mine": result.id,
            "ours": result.token,
            "to": result.state.value,
            "after": "" if result.state is DeliveryState.QUEUED else result.token,
            "said": result.reply[:500],
            "next_try": stored(result.next_try_at),
            "settled": None if result.state in OPEN else stored(result.at),
            "untried": int(result.state is DeliveryState.QUEUED),
            "doubt": int(result.state is DeliveryState.UNCERTAIN),
            "late": "claimed" if result.state in _OPEN_OR_IN_DOUBT else "uncertain",
        }
        for result in results
    ]
    return run_many(tx, _SETTLE, given) if given else 0


_OPEN_OR_IN_DOUBT = (*OPEN, DeliveryState.UNCERTAIN)
_MOMENT = UTCDateTime()
_STATE = sa.type_coerce(_DELIVERY.c.state, sa.String)
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
