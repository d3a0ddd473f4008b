"""Who an import brings is inserted: a statement for each table, its indexes made anew at once."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from digest.model import ConsentEvent, Outcome, Subscriber, SubscriptionState
from digest.store import consent
from digest.store.database import Transaction
from digest.store.sql import table
from digest.store.staging import OTHERS, STAGED
from digest.store.tables import ConsentEventRow, SubscriberRow, SubscriptionRow, SuppressionRow

_PERSON, _CONSENT = table(SubscriberRow), table(SubscriptionRow)
_EVENT, _SUPPRESSED = table(ConsentEventRow), table(SuppressionRow)
_FEW = 5_000

#: What becomes of a row about somebody known, and the state to write; `audience.consent` decides.
Admit = Callable[[Subscriber, str, SubscriptionState], tuple[Outcome, SubscriptionState | None]]


@dataclass(slots=True)
class Import:
    """One import under way."""

    newsletter: str
    event: ConsentEvent  #: of every row; `what` and `ip` are the row's
    admit: Admit
    now: datetime
    id: int = 0
    newest: int = 0  #: the last person before it; who is beyond came with it
    counts: Counter[str] = field(default_factory=Counter)
    seen: set[int] = field(default_factory=set)  #: people known before, whose row has come by
    noted: set[int] = field(default_factory=set)  #: of them, those whose state before is kept


def insert(tx: Transaction, run: Import) -> None:
    """Insert who is not on the list and not suppressed; note which rows are others."""
    _sort_out(tx)
    with _indexes_made_anew(tx):
        _insert(tx, run)
    _count(tx, run)


def _sort_out(tx: Transaction) -> None:
    """Note which rows make nobody new, by the index over the staged keys."""
    s = STAGED.c
    first = sa.select(s.key, sa.func.min(s.seq).label("seq")).group_by(s.key)
    more = first.having(sa.func.count() > 1).subquery()
    again = sa.select(s.seq).join(more, sa.and_(more.c.key == s.key, more.c.seq < s.seq))
    known = sa.select(s.seq).join(_PERSON, _PERSON.c.email_key == s.key)
    kept_out = sa.select(s.seq).join(_SUPPRESSED, _SUPPRESSED.c.address_digest == s.digest)
    every = sa.union(known, kept_out, again)
    tx.execute(sa.insert(OTHERS).from_select(["seq"], every))
    if tx.dialect.name == "postgresql":
        tx.exec_driver_sql("ANALYZE others")


@contextmanager
def _indexes_made_anew(tx: Transaction) -> Iterator[None]:
    """Sort once instead of finding a million places, if SQLite's table grows by more than it has.

    Its unique indexes are made anew too: they find what went wrong.
    """
    size = sa.select(sa.func.count()).select_from
    found = [index for each in (_PERSON, _CONSENT, _EVENT) for index in each.indexes]
    small = int(tx.scalar(size(STAGED)) or 0) < max(_FEW, int(tx.scalar(size(_PERSON)) or 0))
    if small or tx.dialect.name == "postgresql":
        found = []
    for index in found:
        index.drop(tx)
    yield
    for index in found:
        index.create(tx)


def _insert(tx: Transaction, run: Import) -> None:
    s = STAGED.c
    fresh = ~sa.exists().where(OTHERS.c.seq == s.seq)
    consents = int(tx.scalar(sa.select(sa.func.max(_CONSENT.c.id))) or 0)
    status = sa.case((s.reason != "", "suppressed"), else_=s.state)
    for rows_table, values in (
        (_PERSON, _person(run) | {"status": status}),
        (_CONSENT, _consent(tx, run, consents)),
        (_EVENT, _event(run, consents)),
    ):
        wanted = sa.select(*values.values()).where(fresh).order_by(s.seq)
        tx.execute(sa.insert(rows_table).from_select(list(values), wanted))
        if tx.dialect.name == "postgresql":
            name = rows_table.name
            tx.exec_driver_sql(
                f"SELECT setval(pg_get_serial_sequence('{name}', 'id'),"  # noqa: S608
                f" GREATEST((SELECT max(id) FROM {name}), 1))"
            )
            tx.exec_driver_sql(f"ANALYZE {name}")


def _count(tx: Transaction, run: Import) -> None:
    """Count who came by the index over their status."""
    status, known = _PERSON.c.status, {"suppressed": Outcome.SUPPRESSED, "ended": Outcome.KEPT_OUT}
    came = sa.select(status, sa.func.count()).where(_PERSON.c.id > run.newest).group_by(status)
    for word, number in tx.execute(came):
        run.counts[known.get(word, Outcome.NEW).value] += number
        run.counts[f"as_{word}"] += number


def _person(run: Import) -> dict[str, Any]:
    s = STAGED.c
    none = sa.literal("")
    wish = consent.wish(sa.literal(run.newsletter), none, none)
    plain = sa.and_(s.language == none, s.timezone == none)
    person = sa.case((plain, consent.wish(none, none)), else_=consent.wish(s.language, s.timezone))
    open_ = sa.case((s.state != SubscriptionState.ENDED.value, wish), else_="")
    return {
        "id": s.seq + run.newest,
        "email": s.email,
        "email_key": s.key,
        "domain": s.domain,
        "address_digest": s.digest,
        "name": s.name,
        "tags": s.tags,
        "language": s.language,
        "timezone": s.timezone,
        "wishes": person.concat(open_),
        "created_at": s.created_at,
        "import_id": sa.literal(run.id),
    }


def _consent(tx: Transaction, run: Import, before: int) -> dict[str, Any]:
    s = STAGED.c
    asked = sa.case((s.state == SubscriptionState.PENDING.value, sa.literal(run.now)))
    if tx.dialect.name == "postgresql":
        asked = sa.cast(asked, _CONSENT.c.asked_at.type)  # type: ignore[assignment]
    return {
        "id": s.seq + before,
        "subscriber_id": s.seq + run.newest,
        "newsletter": sa.literal(run.newsletter),
        "state": s.state,
        "public_id": s.public_id,
        "created_at": s.created_at,
        "confirmed_at": s.confirmed_at,
        "ended_at": s.ended_at,
        "asked_at": asked,
        "muted": sa.literal(""),
        "density": sa.literal(""),
        "import_id": sa.literal(run.id),
    }


def _event(run: Import, before: int) -> dict[str, Any]:
    s = STAGED.c
    return {
        "subscription_id": s.seq + before,
        "what": s.state,
        "origin": sa.literal(run.event.origin),
        "at": sa.literal(run.now),
        "words": sa.literal(run.event.words),
        "by": sa.literal(run.event.by),
        "ip": s.ip,
        "import_id": sa.literal(run.id),
    }
