"""Queries about who is active: the conditions, and their number without a look at each."""

import sqlalchemy as sa

from digest.model import SubscriptionState
from digest.store import picking
from digest.store.database import Transaction
from digest.store.sql import table
from digest.store.tables import SubscriberRow, SubscriptionRow, SuppressionRow

_CONSENT, _SUPPRESSED = table(SubscriptionRow), table(SuppressionRow)
_ACTIVE = SubscriptionState.ACTIVE
_COUNT = sa.select(sa.func.count()).select_from(_CONSENT)
_PROBES = 64


def active(newsletter: str) -> sa.ColumnElement[bool]:
    """Return that a subscription to a newsletter is active."""
    return sa.and_(_CONSENT.c.newsletter == newsletter, _CONSENT.c.state == _ACTIVE)


def kept_out(newsletter: str) -> sa.ColumnElement[bool]:
    """Return that a subscription is active and its address suppressed, by the suppressed.

    Were they not `Plain`, SQLite would look everybody up among them.
    """
    person = table(SubscriberRow).alias("person")
    same = person.c.address_digest == picking.Plain(_SUPPRESSED.c.address_digest)
    theirs = sa.select(person.c.id).select_from(_SUPPRESSED.join(person, same))
    is_active = picking.Plain(_CONSENT.c.state) == _ACTIVE
    return sa.and_(
        _CONSENT.c.newsletter == newsletter, is_active, _CONSENT.c.subscriber_id.in_(theirs)
    )


def every(tx: Transaction, newsletter: str) -> int:
    """Return how many subscriptions are active, those of suppressed addresses too.

    SQLite counts a whole table by its pages, a part of it row by row: the smaller part is counted.
    """
    of_all = _are_most(tx, newsletter)
    wanted = _without_others(newsletter) if of_all else _COUNT.where(active(newsletter))
    return int(tx.scalar(wanted) or 0)


def _are_most(tx: Transaction, newsletter: str) -> bool:
    """Say whether most subscriptions are a newsletter's active ones, by a look at a few."""
    last = tx.scalar(sa.select(sa.func.max(_CONSENT.c.id))) or 0
    some = _CONSENT.c.id.in_([last * n // _PROBES for n in range(1, _PROBES + 1)])
    return sum(tx.scalars(sa.select(active(newsletter)).where(some))) > _PROBES // 2


def _without_others(newsletter: str) -> sa.Select[tuple[int]]:
    """Return the query for the number of all less others, each kind by its range of an index."""
    name, state = _CONSENT.c.newsletter, _CONSENT.c.state
    mine = sa.and_(name == newsletter, state.in_([s for s in SubscriptionState if s != _ACTIVE]))
    found: sa.ColumnElement[int] = _COUNT.scalar_subquery()
    for others in (name < newsletter, name > newsletter, mine):
        found = found - _COUNT.where(others).scalar_subquery()
    return sa.select(found)
