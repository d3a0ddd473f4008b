"""The one query of a tick: since when newsletters are scheduled, and where their editions stand."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from digest.model import GOING, DeliveryState, EditionState, Known, Past
from digest.store.database import Transaction
from digest.store.sql import table
from digest.store.tables import DeliveryRow, EditionRow, NewsletterRow, NoticeRow

_EDITION, _SINCE = table(EditionRow), table(NewsletterRow)
_DELIVERY, _NOTICE = table(DeliveryRow), table(NoticeRow)
LOG = "log"  #: the target every notice has
_COLUMNS = ("id", "slot_on", "slot_at", "state", "changed_at", "reason")


def past(tx: Transaction, recent: date) -> dict[str, Past]:
    """Return what is known of each newsletter, its editions since then and those going out."""
    found: dict[str, Past] = {}
    told: dict[int, set[str]] = {}
    known: dict[str, dict[int, Any]] = {}
    for row in tx.execute(_wanted(recent)):
        found[row.slug] = Past(row.rule, row.since) if row.since else Past()
        if row.id is not None:
            known.setdefault(row.slug, {})[row.id] = row
            told.setdefault(row.id, set()).update([row.fact] if row.fact else [])
    return {
        slug: Past(p.rule, p.since, _editions(slug, known.get(slug, {}), told))
        for slug, p in found.items()
    }


def _editions(
    slug: str, found: Mapping[int, Any], told: Mapping[int, set[str]]
) -> tuple[Known, ...]:
    return tuple(
        Known(
            row.id,
            slug,
            row.slot_on,
            row.slot_at,
            EditionState(row.state),
            row.changed_at,
            row.reason,
            row.uncertain,
            row.failed,
            frozenset(told[row.id]),
        )
        for row in found.values()
    )


def _wanted(recent: date) -> sa.Select[Any]:
    e, going = _EDITION.c, _EDITION.c.state.in_(GOING)
    of_late = sa.or_(e.slot_on >= recent, going)
    names = sa.union(sa.select(_SINCE.c.slug), sa.select(e.newsletter).where(of_late)).subquery()
    mine = sa.and_(e.newsletter == names.c.slug, of_late)
    about = e.newsletter + "@" + sa.cast(e.slot_on, sa.String)
    notice = sa.and_(_NOTICE.c.about == about, _NOTICE.c.target == LOG)
    joined = names.outerjoin(_SINCE, _SINCE.c.slug == names.c.slug)
    joined = joined.outerjoin(_EDITION, mine).outerjoin(_NOTICE, notice)
    return (
        sa.select(
            *(names.c.slug, _SINCE.c.rule, _SINCE.c.since),
            *(e[name] for name in _COLUMNS),
            _has(DeliveryState.UNCERTAIN).label("uncertain"),
            _has(DeliveryState.FAILED).label("failed"),
            _NOTICE.c.fact,
        )
        .select_from(joined)
        .order_by(names.c.slug, e.slot_at)
    )


def _has(state: DeliveryState) -> sa.ColumnElement[bool]:
    return sa.exists().where(_DELIVERY.c.edition_id == _EDITION.c.id, _DELIVERY.c.state == state)
