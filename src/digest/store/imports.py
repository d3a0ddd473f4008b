"""Staged rows go into the list in one transaction: newcomers at once, others by rule."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from digest.model import (
    Outcome,
    Subscriber,
    Subscription,
    SubscriptionState,
    SuppressionReason,
)
from digest.store import consent, newcomers, subscribers
from digest.store.database import Transaction
from digest.store.newcomers import Import
from digest.store.sql import new_id, table, upsert
from digest.store.staging import OTHERS, STAGED
from digest.store.tables import (
    ConsentEventRow,
    ImportChangeRow,
    ImportRow,
    SubscriberRow,
    SubscriptionRow,
    SuppressionRow,
)
from digest.text import pack, unpack

_PERSON, _CONSENT = table(SubscriberRow), table(SubscriptionRow)
_EVENT, _SUPPRESSED = table(ConsentEventRow), table(SuppressionRow)
_IMPORT, _CHANGE = table(ImportRow), table(ImportChangeRow)
_SOME = 500


def apply(tx: Transaction, run: Import, file: str, format_name: str) -> Counter[str]:
    """Bring the staged rows into the list; return how many had which outcome."""
    if tx.dialect.name == "postgresql":
        tx.exec_driver_sql("LOCK TABLE subscriber IN SHARE ROW EXCLUSIVE MODE")
    about = (run.now, file, format_name, run.newsletter, run.event.words, run.event.by)
    run.id = begin(tx, *about)
    run.newest = int(tx.scalar(sa.select(sa.func.max(_PERSON.c.id))) or 0)
    newcomers.insert(tx, run)
    _suppress(tx, run)
    for some in _others(tx):
        _known(tx, run, some)
    note(tx, run.id, run.counts)
    return run.counts


def begin(
    tx: Transaction, now: datetime, file: str, kind: str, newsletter: str, words: str, by: str
) -> int:
    """Record an import; return its id."""
    values = {"at": now, "file": file, "format": kind, "newsletter": newsletter}
    return new_id(tx, ImportRow, values | {"consent": words, "by": by, "counts": {}})


def note(tx: Transaction, import_id: int, counts: Counter[str]) -> None:
    """Write down what became of its rows."""
    where = _IMPORT.c.id == import_id
    tx.execute(sa.update(_IMPORT).where(where).values(counts=dict(counts)))


def _suppress(tx: Transaction, run: Import) -> None:
    """Suppress who the file says must not be mailed; a complaint stands above other reasons."""
    s, complained = STAGED.c, SuppressionReason.COMPLAINED
    moment = sa.func.coalesce(s.ended_at, sa.literal(run.now))
    note, mine = sa.literal(run.event.origin), sa.literal(run.id)
    names = ["address_digest", "reason", "at", "note", "import_id"]
    wanted = sa.select(s.digest, s.reason, moment, note, mine).where(s.reason != "")
    statement = upsert(tx, SuppressionRow).from_select(names, wanted.order_by(s.seq))
    tx.execute(statement.on_conflict_do_nothing())
    theirs = sa.select(s.digest).where(s.reason == complained.value)
    where = sa.and_(_SUPPRESSED.c.address_digest.in_(theirs), _SUPPRESSED.c.reason != complained)
    tx.execute(sa.update(_SUPPRESSED).where(where).values(reason=complained))


def _others(tx: Transaction) -> Iterator[list[Any]]:
    """Yield the rows that made nobody new, a person at most once in each list."""
    s = STAGED.c
    rest = STAGED.join(OTHERS, OTHERS.c.seq == s.seq)
    last = 0
    while True:
        wanted = sa.select(STAGED).select_from(rest).where(OTHERS.c.seq > last)
        found = tx.execute(wanted.order_by(s.seq).limit(_SOME)).all()
        if not found:
            return
        last = found[-1].seq
        part: dict[str, Any] = {}
        for row in found:
            if row.key in part:
                yield list(part.values())
                part = {}
            part[row.key] = row
        yield list(part.values())


@dataclass(slots=True)
class _Writes:
    """What a list of rows changes, to be written in a few statements."""

    people: list[dict[str, Any]] = field(default_factory=list)
    states: list[dict[str, Any]] = field(default_factory=list)
    added: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    touched: list[int] = field(default_factory=list)


def _known(tx: Transaction, run: Import, some: Sequence[Any]) -> None:
    people = subscribers.by_keys(tx, [row.key for row in some])
    writes = _Writes()
    for row in some:
        person = people.get(row.key)
        if person is None:  # erased, and suppressed for good
            run.counts[Outcome.SUPPRESSED.value] += 1
            continue
        again = person.id > run.newest or person.id in run.seen
        outcome = _one(run, row, person, writes)
        run.counts[(Outcome.DUPLICATE if again else outcome).value] += 1
        if person.id <= run.newest:
            run.seen.add(person.id)
    _write(tx, writes)


def _one(run: Import, row: Any, person: Subscriber, writes: _Writes) -> Outcome:
    outcome, state = run.admit(person, run.newsletter, SubscriptionState(row.state))
    mine = next((s for s in person.subscriptions if s.newsletter == run.newsletter), None)
    details = {} if outcome in (Outcome.KEPT_OUT, Outcome.SUPPRESSED) else _details(row, person)
    if state is None and not details:
        return outcome
    writes.touched.append(person.id)
    if person.id <= run.newest and person.id not in run.noted:
        run.noted.add(person.id)
        writes.changes.append(_before(run, person, mine))
    if details:
        writes.people.append({"_id": person.id} | details)
    if state is not None:
        _move(run, row, person, mine, state, writes)
    if row.reason:
        return Outcome.SUPPRESSED
    return Outcome.UPDATED if outcome is Outcome.UNCHANGED else outcome


def _details(row: Any, person: Subscriber) -> dict[str, Any]:
    """Return what the row knows of a person and the list does not; nothing is overwritten."""
    names = ("name", "language", "timezone")
    found = {n: getattr(row, n) for n in names if getattr(row, n) and not getattr(person, n)}
    more = [tag for tag in unpack(row.tags) if tag not in person.tags]
    return (found | {"tags": pack([*person.tags, *more])}) if more else found


def _before(run: Import, person: Subscriber, mine: Subscription | None) -> dict[str, Any]:
    before: dict[str, Any] = {"name": person.name, "tags": pack(person.tags)}
    before |= {"language": person.language, "timezone": person.timezone}
    if mine:
        moments = ("confirmed_at", "ended_at", "asked_at")
        was = {n: m.isoformat() for n in moments if (m := getattr(mine, n))}
        before["subscription"] = {"state": mine.state.value} | was
    return {
        "import_id": run.id,
        "subscriber_id": person.id,
        "subscription_id": mine.id if mine else None,
        "before": before,
    }


def _move(
    run: Import,
    row: Any,
    person: Subscriber,
    mine: Subscription | None,
    state: SubscriptionState,
    writes: _Writes,
) -> None:
    asked = run.now if state is SubscriptionState.PENDING else None
    ended = state is SubscriptionState.ENDED
    values = {"state": state, "asked_at": asked, "ended_at": row.ended_at if ended else None}
    event = {name: getattr(run.event, name) for name in ("origin", "at", "words", "by")}
    event |= {"what": state.value, "ip": row.ip, "import_id": run.id}
    if mine:
        confirmed = mine.confirmed_at if ended else row.confirmed_at
        writes.states.append({"_id": mine.id, "confirmed_at": confirmed} | values)
        writes.events.append({"subscription_id": mine.id} | event)
        return
    values |= {"subscriber_id": person.id, "newsletter": run.newsletter, "muted": "", "density": ""}
    values |= {"public_id": row.public_id, "created_at": row.created_at, "import_id": run.id}
    writes.added.append({"confirmed_at": row.confirmed_at, "event": event} | values)


def _write(tx: Transaction, writes: _Writes) -> None:
    for rows_table, found in ((_PERSON, writes.people), (_CONSENT, writes.states)):
        for values in found:
            where = rows_table.c.id == values.pop("_id")
            tx.execute(sa.update(rows_table).where(where).values(values))
    for values in writes.added:
        event = values.pop("event")
        made = tx.execute(sa.insert(_CONSENT).values(values).returning(_CONSENT.c.id))
        writes.events.append({"subscription_id": made.scalar_one()} | event)
    for log, entries in ((_EVENT, writes.events), (_CHANGE, writes.changes)):
        if entries:
            tx.execute(sa.insert(log), entries)
    consent.refresh(tx, writes.touched)
