"""Queries about notices: what is new, what waits, what was taken."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from digest.store.database import Transaction
from digest.store.sql import rows, table, upsert
from digest.store.tables import NoticeRow

_NOTICE = table(NoticeRow)
_LEASE = timedelta(minutes=5)  #: a notice taken by a process that died is due again after it
_FAR = timedelta(hours=12)  #: no wait is as long: the clock was put back


@dataclass(frozen=True, slots=True)
class Notice:
    """One fact for one target."""

    about: str
    fact: str  #: told once under this name
    line: str
    text: str
    html: str = ""
    target: str = ""
    id: int = 0
    attempts: int = 0


def add(tx: Transaction, notice: Notice, targets: Sequence[str], now: datetime) -> bool:
    """Let each target be told a fact; False when that is done already."""
    names = ("about", "fact", "line", "text", "html")
    values = {name: getattr(notice, name) for name in names}
    values |= {"made_at": now, "next_try_at": now, "attempts": 0}
    new = upsert(tx, NoticeRow).values([values | {"target": each} for each in targets])
    return bool(tx.execute(new.on_conflict_do_nothing().returning(_NOTICE.c.id)).all())


def waiting(tx: Transaction, now: datetime) -> bool:
    """Say whether a notice is due."""
    return tx.execute(sa.select(_NOTICE.c.id).where(_due(now)).limit(1)).first() is not None


def claim(tx: Transaction, now: datetime) -> list[Notice]:
    """Take what is due, so that no other process does."""
    values = {"next_try_at": now + _LEASE, "attempts": _NOTICE.c.attempts + 1}
    taken = sa.update(_NOTICE).where(_due(now)).values(values).returning(_NOTICE)
    names = ("about", "fact", "line", "text", "html", "target", "id", "attempts")
    found = [Notice(*(row[name] for name in names)) for row in rows(tx, taken)]
    return sorted(found, key=lambda notice: notice.id)


def _due(now: datetime) -> sa.ColumnElement[bool]:
    at = _NOTICE.c.next_try_at
    return sa.or_(at <= now, at > now + _FAR)


def settle(
    tx: Transaction, notice: Notice, told_at: datetime | None, again: datetime | None
) -> None:
    """Write that a notice was taken, is tried again, or is given up."""
    values = {"told_at": told_at, "next_try_at": again}
    if told_at:
        values |= {"html": ""}  # type: ignore[dict-item]
    tx.execute(sa.update(_NOTICE).where(_NOTICE.c.id == notice.id).values(values))


def troubles(tx: Transaction, since: datetime) -> list[str]:
    """Return the newest facts since then that somebody could not be told of."""
    where = sa.and_(_NOTICE.c.told_at.is_(None), _NOTICE.c.attempts > 1, _NOTICE.c.made_at > since)
    wanted = sa.select(_NOTICE.c.line, _NOTICE.c.target).where(where).order_by(_NOTICE.c.id.desc())
    return [f"{line} ({target})" for line, target in tx.execute(wanted.limit(5))]
