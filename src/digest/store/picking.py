"""How an expression that picks subscribers, and an order of them, become SQL; never by text."""

from typing import Any, cast

import sqlalchemy as sa

from digest.model import AllOf, AnyOf, Filter, Not, SubscriptionState, Term
from digest.store.sql import table
from digest.store.tables import SubscriberRow, SubscriptionRow

_PERSON = table(SubscriberRow)
#: Under a name of its own: the query around it may read the subscriptions too.
_THEIRS = table(SubscriptionRow).alias("theirs")

#: What lists may be sorted by; a `-` before it turns it round.
ORDERS: dict[str, sa.ColumnElement[Any]] = {
    "came": _PERSON.c.id,
    "email": _PERSON.c.email,
    "name": _PERSON.c.name,
    "created": _PERSON.c.created_at,
}


def order_by(order: str) -> tuple[sa.ColumnElement[Any], ...]:
    """Return the columns of an order; its ties are broken by who came first."""
    column = ORDERS[order.removeprefix("-")]
    if order.startswith("-"):
        return column.desc(), _PERSON.c.id.desc()
    return column, _PERSON.c.id


def condition(wanted: Filter) -> sa.ColumnElement[bool]:
    """Return the condition on a person that an expression is."""
    if isinstance(wanted, AllOf):
        return sa.and_(sa.true(), *map(condition, wanted.parts))
    if isinstance(wanted, AnyOf):
        return sa.or_(sa.false(), *map(condition, wanted.parts))
    if isinstance(wanted, Not):
        return sa.not_(condition(wanted.part))
    return _term(wanted)


def _term(term: Term) -> sa.ColumnElement[bool]:
    column = _COLUMNS.get(term.field)
    if column is not None:  # one value as `=`: then an index gives the order, too
        one = len(term.values) == 1
        return column == term.values[0] if one else column.in_(term.values)
    return sa.or_(*(_one(term.field, value) for value in term.values))


_COLUMNS = {
    "status": _PERSON.c.status,
    "language": _PERSON.c.language,
    "timezone": _PERSON.c.timezone,
}


def _one(field: str, value: Any) -> Any:
    if field == "since":
        return _PERSON.c.created_at >= value
    if field == "until":
        return _PERSON.c.created_at < value
    if field == "tag":
        return _holds(_PERSON.c.tags, f"\n{value}\n")
    if field == "domain":
        return _holds(_PERSON.c.email_key.concat("\n"), f"@{value.lower()}\n")
    if field == "email":
        return _holds(_PERSON.c.email_key, value.casefold())
    if field == "name":
        return _holds(_PERSON.c.name, value)
    return _has(_of_subscription(field, value))


def _of_subscription(field: str, value: Any) -> Any:
    if field == "newsletter":
        return _THEIRS.c.newsletter == value
    if field == "density":
        return _THEIRS.c.density == value
    if field == "category":  # who has not muted it
        return ~_holds(_THEIRS.c.muted, f"\n{value}\n")
    raise ValueError(field)


def _has(wanted: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """Return that a person has a subscription, not ended, of which that is true."""
    open_ = _THEIRS.c.state != SubscriptionState.ENDED
    return sa.exists().where(_THEIRS.c.subscriber_id == _PERSON.c.id, open_, wanted)


def _holds(text: Any, part: str) -> sa.ColumnElement[bool]:
    """Return that a text has a part, capitals and all: LIKE differs between the databases."""
    return cast("sa.ColumnElement[bool]", sa.func.replace(text, part, "") != text)
