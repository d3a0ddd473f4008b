"""How an expression that picks subscribers, and an order of them, become SQL; never by text."""

from collections.abc import Callable, Set
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from digest.model import AllOf, AnyOf, Filter, Not, SubscriptionState, Term
from digest.store.sql import table
from digest.store.tables import SubscriberRow, SubscriptionRow

_PERSON = table(SubscriberRow)
#: Under a name of its own: the query around it may read the subscriptions too.
_THEIRS = table(SubscriptionRow).alias("theirs")
_NONE: Set[str] = frozenset()
_INDEXED: Set[str] = frozenset({"status", "since", "until", "tag"})

#: What lists may be sorted by; a `-` before it turns it round.
ORDERS: dict[str, sa.ColumnElement[Any]] = {
    "came": _PERSON.c.id,
    "email": _PERSON.c.email,
    "name": _PERSON.c.name,
    "created": _PERSON.c.created_at,
}


def order_by(order: str) -> tuple[sa.ColumnElement[Any], ...]:
    """Return the columns of an order; the last of its ties are broken by who came first."""
    name = order.removeprefix("-")
    columns = [ORDERS[name], *([_PERSON.c.status] if name == "created" else []), _PERSON.c.id]
    return tuple(column.desc() for column in columns) if order.startswith("-") else tuple(columns)


class _Plain(FunctionElement[Any]):
    """A column SQLite finds no index for: it knows no statistics and would take the wrong one."""

    inherit_cache = True

    def __init__(self, column: sa.ColumnElement[Any]) -> None:
        super().__init__(column)
        self.type = column.type


@compiles(_Plain)
def _as_it_is(element: Any, compiler: Any, **given: Any) -> str:
    return str(compiler.process(element.clauses, **given))


@compiles(_Plain, "sqlite")
def _with_a_sign(element: Any, compiler: Any, **given: Any) -> str:
    return f"+{compiler.process(element.clauses, **given)}"


def few(among: Filter) -> sa.ColumnElement[bool]:
    """Return the condition that starts with the term that leaves the fewest people."""
    fields = {part.field for part in _parts(among) if isinstance(part, Term)}
    if "tag" in fields:
        return condition(among, _INDEXED - {"tag"})
    return condition(among, {"status"} if fields & {"since", "until"} else _NONE)


def many(among: Filter) -> sa.ColumnElement[bool]:
    """Return the condition for people who are walked through in an order until there are enough."""
    return condition(among, _INDEXED)


def _parts(among: Filter) -> list[Filter]:
    """Return what must all hold."""
    if isinstance(among, AllOf):
        return [each for part in among.parts for each in _parts(part)]
    return [among]


def condition(wanted: Filter, plain: Set[str] = _NONE) -> sa.ColumnElement[bool]:
    """Return the condition on a person that an expression is; no index for the fields `plain`."""
    if isinstance(wanted, AllOf):
        return sa.and_(sa.true(), *(condition(part, plain) for part in wanted.parts))
    if isinstance(wanted, AnyOf):
        return sa.or_(sa.false(), *(condition(part, plain) for part in wanted.parts))
    if isinstance(wanted, Not):
        return sa.not_(condition(wanted.part, plain))
    return _term(wanted, _Plain if wanted.field in plain else lambda column: column)


def _term(term: Term, seen: Callable[[Any], Any]) -> sa.ColumnElement[bool]:
    column = _COLUMNS.get(term.field)
    if column is not None:  # one value as `=`: then an index gives the order, too
        one = len(term.values) == 1
        shown: sa.ColumnElement[Any] = seen(column)
        return shown == term.values[0] if one else shown.in_(term.values)
    any_of = sa.or_(*(_one(term.field, value, seen) for value in term.values))
    if term.field != "tag":
        return any_of
    # said as the index over those with tags says it
    return sa.and_(seen(_PERSON.c.tags) != sa.literal_column("''"), any_of)


_COLUMNS = {
    "status": _PERSON.c.status,
    "language": _PERSON.c.language,
    "timezone": _PERSON.c.timezone,
}


def _one(field: str, value: Any, seen: Callable[[Any], Any]) -> Any:
    if field == "since":
        return seen(_PERSON.c.created_at) >= value
    if field == "until":
        return seen(_PERSON.c.created_at) < value
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
