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


#: Where SQLite finds people in an order; it knows no statistics and would sort a million of them.
_WALKS = {
    "came": "NOT INDEXED",
    "created": "INDEXED BY subscriber_created",
    "email": "INDEXED BY sqlite_autoindex_subscriber_1",
}


def order_by(order: str) -> tuple[sa.ColumnElement[Any], ...]:
    """Return the columns of an order; the last of its ties are broken by who came first."""
    name = order.removeprefix("-")
    columns = [ORDERS[name], *([_PERSON.c.status] if name == "created" else []), _PERSON.c.id]
    return tuple(column.desc() for column in columns) if order.startswith("-") else tuple(columns)


def walk(query: sa.Select[Any], order: str) -> sa.Select[Any]:
    """Return a query that goes through people in an order until it has enough: many are picked."""
    hint = _WALKS.get(order.removeprefix("-"), "")
    return query.with_hint(_PERSON, hint, "sqlite") if hint else query


def look_up(query: sa.Select[Any], among: Filter) -> sa.Select[Any]:
    """Return a query that starts with the term of an expression that leaves the fewest people."""
    fields = {part.field for part in _parts(among) if isinstance(part, Term)}
    if "tag" in fields:
        return query.with_hint(_PERSON, "INDEXED BY subscriber_tagged", "sqlite")
    if fields & {"since", "until"}:
        return query.with_hint(_PERSON, "INDEXED BY subscriber_created", "sqlite")
    return query


def _parts(among: Filter) -> list[Filter]:
    """Return what must all hold."""
    if isinstance(among, AllOf):
        return [each for part in among.parts for each in _parts(part)]
    return [among]


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
    any_of = sa.or_(*(_one(term.field, value) for value in term.values))
    # said as the index over those with tags says it
    return (
        sa.and_(_PERSON.c.tags != sa.literal_column("''"), any_of)
        if term.field == "tag"
        else any_of
    )


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
        end = f"@{value.lower()}"
        return (
            sa.func.substr(_PERSON.c.email_key, sa.func.length(_PERSON.c.email_key) - len(end) + 1)
            == end
        )
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
