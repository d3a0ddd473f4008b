"""Queries about what editors decided: append, and what is in force."""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any

import sqlalchemy as sa

from digest.model import Override
from digest.store import articles
from digest.store.database import Transaction
from digest.store.sql import rows, table
from digest.store.tables import EditionRow, OverrideRow

_OVERRIDE, _EDITION = table(OverrideRow), table(EditionRow)


def add(tx: Transaction, edition_id: int | None, decided: Iterable[Override]) -> None:
    """Keep decisions of one edition, or with None of articles everywhere."""
    touched = set()
    for one in decided:
        values = {"name": one.name, "value": one.value, "by": one.by, "at": one.at}
        where = {"edition_id": edition_id, "article_id": one.article_id or None}
        tx.execute(sa.insert(_OVERRIDE).values(values | where))
        touched.add(one.article_id)
    if edition_id is None:
        for article_id in sorted(touched):
            now = {o.name: o.value for o in of_articles(tx, [article_id])}
            articles.decide(tx, article_id, now)


def of_slot(tx: Transaction, newsletter: str, slot_on: date) -> list[Override]:
    """Return what is in force for the edition of a slot, oldest decision first."""
    mine = sa.select(_EDITION.c.id)
    mine = mine.where(_EDITION.c.newsletter == newsletter, _EDITION.c.slot_on == slot_on)
    return _in_force(tx, _OVERRIDE.c.edition_id.in_(mine))


def of_articles(tx: Transaction, ids: Collection[str]) -> list[Override]:
    """Return what is in force for these articles in every edition, oldest decision first."""
    found = _in_force(tx, _OVERRIDE.c.edition_id.is_(None))
    known = set(ids)
    return [one for one in found if one.article_id in known]


def _in_force(tx: Transaction, where: sa.ColumnElement[bool]) -> list[Override]:
    newest = sa.select(sa.func.max(_OVERRIDE.c.id)).where(where)
    newest = newest.group_by(_OVERRIDE.c.edition_id, _OVERRIDE.c.article_id, _OVERRIDE.c.name)
    said = sa.select(_OVERRIDE).where(_OVERRIDE.c.id.in_(newest), _OVERRIDE.c.value.is_not(None))
    return [_override(row) for row in rows(tx, said.order_by(_OVERRIDE.c.id))]


def _override(row: dict[str, Any]) -> Override:
    names = ("name", "value", "by", "at")
    return Override(article_id=row["article_id"] or "", **{name: row[name] for name in names})
