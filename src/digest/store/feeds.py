"""Queries about feeds."""

from dataclasses import fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from digest.errors import NotFound, WrongState
from digest.model import Feed, FeedKind
from digest.store.database import Transaction
from digest.store.sql import is_id, new_id, one_at_a_time, rows, table
from digest.store.tables import FeedRow

_FEED = table(FeedRow)


def add(
    tx: Transaction,
    url: str,
    title: str = "",
    section: str = "",
    kind: FeedKind = FeedKind.ARTICLES,
    *,
    full_text: bool = False,
) -> Feed:
    """Add a feed; WrongState when its address is there already."""
    one_at_a_time(tx, "feeds")
    if has(tx, url):
        raise WrongState(f"{url} is one of the feeds already")
    values: dict[str, Any] = {"url": url, "title": title, "section": section, "kind": kind.value}
    values |= {"full_text": full_text}
    return get(tx, new_id(tx, FeedRow, values))


def has(tx: Transaction, url: str) -> bool:
    """Say whether a feed has this address."""
    return tx.execute(sa.select(_FEED.c.id).where(_FEED.c.url == url)).first() is not None


def titled(tx: Transaction, title: str) -> list[Feed]:
    """Return the feeds with this title."""
    return [_feed(row) for row in rows(tx, sa.select(_FEED).where(_FEED.c.title == title))]


def every(tx: Transaction) -> list[Feed]:
    """Return all feeds in the order they were added."""
    return [_feed(row) for row in rows(tx, sa.select(_FEED).order_by(_FEED.c.id))]


def due(tx: Transaction, now: datetime) -> list[Feed]:
    """Return the feeds to fetch at `now`, longest due first."""
    when = sa.or_(_FEED.c.next_due_at.is_(None), _FEED.c.next_due_at <= now)
    wanted = sa.select(_FEED).where(when, _FEED.c.ended.is_(False))
    return [_feed(row) for row in rows(tx, wanted.order_by(_FEED.c.next_due_at, _FEED.c.id))]


def long_failing(tx: Transaction, since: datetime) -> list[Feed]:
    """Return the feeds that have failed since then or longer and nobody was told of."""
    wanted = sa.select(_FEED).where(_FEED.c.failing_since <= since, _FEED.c.told.is_(False))
    return [_feed(row) for row in rows(tx, wanted.order_by(_FEED.c.id))]


def get(tx: Transaction, feed_id: int) -> Feed:
    """Return one feed; NotFound when there is none."""
    return _one(tx, _FEED.c.id == feed_id, str(feed_id))


def find(tx: Transaction, name: str) -> Feed:
    """Return the feed with that id or address; NotFound when there is none."""
    if is_id(name):
        return get(tx, int(name))
    return _one(tx, _FEED.c.url == name, name)


def _one(tx: Transaction, where: sa.ColumnElement[bool], name: str) -> Feed:
    found = rows(tx, sa.select(_FEED).where(where))
    if not found:
        raise NotFound(f"there is no feed {name}; `digest feeds list` shows them")
    return _feed(found[0])


def update(tx: Transaction, feed_id: int, **values: Any) -> None:
    """Write what a fetch found out about a feed."""
    tx.execute(sa.update(_FEED).where(_FEED.c.id == feed_id).values(**values))


def remove(tx: Transaction, feed_id: int) -> None:
    """Remove a feed; its articles stay."""
    tx.execute(sa.delete(_FEED).where(_FEED.c.id == feed_id))


def _feed(row: dict[str, Any]) -> Feed:
    values = {field.name: row[field.name] for field in fields(Feed)}
    return Feed(**(values | {"kind": FeedKind(row["kind"])}))
