"""Queries about readings: counts and places with the moment they were read."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from digest.model import Reading
from digest.store.database import Transaction
from digest.store.sql import rows, table, upsert
from digest.store.tables import ArticleRow, ReadingRow

_ARTICLE, _READING = table(ArticleRow), table(ReadingRow)
_CHUNK = 500
_MOST = 50_000  #: readings of the past that are looked at, the newest articles first


def add(tx: Transaction, readings: Iterable[Reading]) -> None:
    """Keep counts with their moment.

    Of a count that stands still its first and its last moment are kept: when it was last read
    says how much it may still grow.
    """
    given = list(readings)
    before = _last_two(tx, given)
    fresh, still = [], []
    for reading in given:
        known = before.get((reading.article_id, reading.metric), [])
        if [r.value for r in known] == [reading.value] * 2 and known[-1].read_at < reading.read_at:
            still.append((known[-1], reading.read_at))
        else:
            fresh.append(reading)
    add_all(tx, fresh)
    for last, read_at in still:
        tx.execute(sa.update(_READING).where(*_is(last)).values(read_at=read_at))


def add_all(tx: Transaction, readings: Iterable[Reading]) -> None:
    """Keep each reading at its own moment, once."""
    given = [asdict(reading) for reading in readings]
    if given:
        tx.execute(upsert(tx, ReadingRow).on_conflict_do_nothing(), given)


def add_new(tx: Transaction, readings: Iterable[Reading]) -> int:
    """Keep each count at its own moment, once; returns how many were not there."""
    given = {(r.article_id, r.metric, r.read_at): r for r in readings}
    there = {
        (r.article_id, r.metric, r.read_at) for r in of(tx, list({key[0] for key in given}), None)
    }
    fresh = [reading for key, reading in given.items() if key not in there]
    add_all(tx, fresh)
    return len(fresh)


def _is(reading: Reading) -> tuple[sa.ColumnElement[bool], ...]:
    return tuple(_READING.c[name] == value for name, value in asdict(reading).items())


def _last_two(tx: Transaction, given: Sequence[Reading]) -> dict[tuple[str, str], list[Reading]]:
    """Return the last two readings of each metric given, of each article given."""
    metrics = {reading.metric for reading in given}
    found: dict[tuple[str, str], list[Reading]] = {}
    for reading in of(tx, [reading.article_id for reading in given], None, metrics):
        key = reading.article_id, reading.metric
        found[key] = [*found.get(key, [])[-1:], reading]
    return found


def of(
    tx: Transaction,
    ids: Sequence[str],
    as_of: datetime | None,
    metrics: Collection[str] | None = None,
) -> list[Reading]:
    """Return the counts of these articles read at or before `as_of`, oldest first."""
    found = []
    for start in range(0, len(ids), _CHUNK):
        some = _READING.c.article_id.in_(ids[start : start + _CHUNK])
        wanted = sa.select(_READING).where(some)
        wanted = wanted.where(_READING.c.read_at <= as_of) if as_of else wanted
        if metrics is not None:
            wanted = wanted.where(_READING.c.metric.in_(metrics))
        ordered = wanted.order_by(_READING.c.article_id, _READING.c.metric, _READING.c.read_at)
        found += [Reading(**row) for row in rows(tx, ordered)]
    return found


def above_zero(tx: Transaction, metric: str, since: datetime) -> set[str]:
    """Return the articles whose last reading of a metric, taken since then, is above 0."""
    last = (
        sa.select(_READING.c.article_id, sa.func.max(_READING.c.read_at).label("read_at"))
        .where(_READING.c.metric == metric, _READING.c.read_at >= since)
        .group_by(_READING.c.article_id)
        .subquery()
    )
    same = sa.and_(_READING.c.article_id == last.c.article_id, _READING.c.read_at == last.c.read_at)
    wanted = sa.select(_READING.c.article_id).join(last, same)
    found = rows(tx, wanted.where(_READING.c.metric == metric, _READING.c.value > 0))
    return {row["article_id"] for row in found}


@dataclass(frozen=True, slots=True)
class Told:
    """A reading with what is known of its article."""

    article_id: str
    outlet: str
    author: str
    category: str
    feed: str
    published_at: datetime
    metric: str
    value: int
    read_at: datetime


def told(tx: Transaction, since: datetime, until: datetime, metrics: Sequence[str]) -> list[Told]:
    """Return the readings before `until` of articles published in between, newest first."""
    return _told(tx, _with_articles(since, until, metrics))


def last_told(
    tx: Transaction, since: datetime, until: datetime, metrics: Sequence[str]
) -> list[Told]:
    """Return only the last of these readings of each article and metric."""
    last = (
        sa.select(
            _READING.c.article_id, _READING.c.metric, sa.func.max(_READING.c.read_at).label("at")
        )
        .where(_READING.c.metric.in_(metrics), _READING.c.read_at < until)
        .group_by(_READING.c.article_id, _READING.c.metric)
        .subquery()
    )
    same = sa.and_(
        _READING.c.article_id == last.c.article_id,
        _READING.c.metric == last.c.metric,
        _READING.c.read_at == last.c.at,
    )
    return _told(tx, _with_articles(since, until, metrics).join(last, same))


def _with_articles(since: datetime, until: datetime, metrics: Sequence[str]) -> sa.Select[Any]:
    about = [_ARTICLE.c[name] for name in ("outlet", "author", "categories", "feed", "sorted_at")]
    return (
        sa.select(*_READING.c, *about)
        .join(_ARTICLE, _ARTICLE.c.id == _READING.c.article_id)
        .where(_READING.c.metric.in_(metrics), _READING.c.read_at < until)
        .where(_ARTICLE.c.sorted_at >= since, _ARTICLE.c.sorted_at < until)
        .order_by(_ARTICLE.c.sorted_at.desc(), _ARTICLE.c.key, _READING.c.metric)
        .order_by(_READING.c.read_at)
    )


def _told(tx: Transaction, wanted: sa.Select[Any]) -> list[Told]:
    found = []
    for row in rows(tx, wanted.limit(_MOST)):
        categories, moment = row.pop("categories"), row.pop("sorted_at")
        category = categories[0] if categories else ""
        found.append(Told(**row, category=category, published_at=moment))
    return found
