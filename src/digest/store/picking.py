"""How an expression that picks subscribers, and an order of them, become SQL; never by text."""

from collections.abc import Callable, Set
from typing import Any

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
_INDEXED: Set[str] = frozenset({"status", "since", "until", "tag", "domain", "wishes", "name"})
#: What people with equal wishes share; so one of them answers for all, by an index over wishes.
_WISHES: Set[str] = frozenset({"newsletter", "category", "density", "language", "timezone"})

#: What lists may be sorted by; a `-` before it turns it round.
ORDERS: dict[str, sa.ColumnElement[Any]] = {
    "came": _PERSON.c.id,
    "email": _PERSON.c.email_key,
    "name": _PERSON.c.name,
    "created": _PERSON.c.created_at,
}


def order_by(order: str) -> tuple[sa.ColumnElement[Any], ...]:
    """Return the columns of an order; the last of its ties are broken by who came first."""
    name = order.removeprefix("-")
    columns = [ORDERS[name], *([_PERSON.c.status] if name == "created" else []), _PERSON.c.id]
    return tuple(column.desc() for column in columns) if order.startswith("-") else tuple(columns)


class Plain(FunctionElement[Any]):
    """A column SQLite finds no index for: it knows no statistics and would take the wrong one."""

    inherit_cache = True

    def __init__(self, column: sa.ColumnElement[Any]) -> None:
        super().__init__(column)
        self.type = column.type


@compiles(Plain)
def _as_it_is(element: Any, compiler: Any, **given: Any) -> str:
    return str(compiler.process(element.clauses, **given))


@compiles(Plain, "sqlite")
def _with_a_sign(element: Any, compiler: Any, **given: Any) -> str:
    return f"+{compiler.process(element.clauses, **given)}"


def few(among: Filter) -> sa.ColumnElement[bool]:
    """Return the condition that starts with the term that leaves the fewest people."""
    fields = {part.field for part in _parts(among) if isinstance(part, Term)}
    if fields >= {"domain", "status"} and "tag" not in fields:  # one index has all there is
        return condition(among, _INDEXED - {"domain", "status", "wishes"})
    for first in ("tag", "domain"):
        if first in fields:
            return condition(among, _INDEXED - {first})
    if any(_is_wish(part) for part in _parts(among)):
        return condition(among)
    return condition(among, {"status"} if fields & {"since", "until", "name"} else _NONE)


def many(among: Filter) -> sa.ColumnElement[bool]:
    """Return the condition for people who are walked through in an order until there are enough."""
    return condition(among, _INDEXED)


def _parts(among: Filter) -> list[Filter]:
    """Return what must all hold."""
    if isinstance(among, AllOf):
        return [each for part in among.parts for each in _parts(part)]
    return [among]


def _is_wish(wanted: Filter) -> bool:
    """Say whether it asks for nothing but what people with equal wishes share."""
    if isinstance(wanted, AllOf | AnyOf):
        return bool(wanted.parts) and all(map(_is_wish, wanted.parts))
    return _is_wish(wanted.part) if isinstance(wanted, Not) else wanted.field in _WISHES


def condition(
    wanted: Filter, plain: Set[str] = _NONE, person: sa.FromClause = _PERSON
) -> sa.ColumnElement[bool]:
    """Return the condition on a person that an expression is; no index for the fields `plain`."""
    if person is _PERSON and _is_wish(wanted):
        wishes: sa.ColumnElement[str] = _seen("wishes", plain)(_PERSON.c.wishes)
        return wishes.in_(_wishes_where(condition(wanted, plain, _EXAMPLE)))
    if isinstance(wanted, AllOf):
        parts = _together(wanted.parts) if person is _PERSON else wanted.parts
        return sa.and_(sa.true(), *(condition(part, plain, person) for part in parts))
    if isinstance(wanted, AnyOf):
        return sa.or_(sa.false(), *(condition(part, plain, person) for part in wanted.parts))
    if isinstance(wanted, Not):
        return sa.not_(condition(wanted.part, plain, person))
    return _term(wanted, _seen(wanted.field, plain), person)


def _together(parts: tuple[Filter, ...]) -> list[Filter]:
    """Return parts with what is asked of wishes in one: their index is used once."""
    wishes = tuple(filter(_is_wish, parts))
    others = [part for part in parts if part not in wishes]
    return [*others, AllOf(wishes)] if wishes else others


def _wishes_where(holds: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Return the wishes there are of which that is true, seen by an example of each."""
    one = sa.select(_OTHER.c.id).where(_OTHER.c.wishes == _KINDS.c.wishes).limit(1)
    example = _EXAMPLE.c.id == one.scalar_subquery()
    return sa.select(_KINDS.c.wishes).select_from(_KINDS.join(_EXAMPLE, example)).where(holds)


def kinds(column: sa.Column[str], *where: sa.ColumnElement[bool]) -> sa.CTE:
    """Return a column's different values and at last NULL, by a step in its index for each.

    As DISTINCT it would read all.
    """
    first = sa.select(sa.func.min(column).label(column.name)).where(*where)
    found = first.cte("kinds", recursive=True)
    last = found.c[column.name]
    after = sa.select(sa.func.min(column)).where(*where, column > last)
    return found.union_all(sa.select(after.scalar_subquery()).where(last.is_not(None)))


_EXAMPLE, _OTHER = _PERSON.alias("example"), _PERSON.alias("other")
_KINDS = kinds(_OTHER.c.wishes)


def _seen(field: str, plain: Set[str]) -> Callable[[Any], Any]:
    return Plain if field in plain else lambda column: column


def _term(term: Term, seen: Callable[[Any], Any], person: sa.FromClause) -> sa.ColumnElement[bool]:
    if term.field in _COLUMNS:  # one value as `=`: then an index gives the order, too
        shown: sa.ColumnElement[Any] = seen(person.c[term.field])
        values = [v.lower() if term.field == "domain" else v for v in term.values]  # type: ignore[union-attr]
        return shown == values[0] if len(values) == 1 else shown.in_(values)
    any_of = sa.or_(*(_one(term.field, value, seen, person) for value in term.values))
    if term.field not in _PARTIAL or "" in term.values:
        return any_of
    # said as the index over those with tags, or with a name, says it
    return sa.and_(seen(_PARTIAL[term.field]) != sa.literal_column("''"), any_of)


_PARTIAL = {"tag": _PERSON.c.tags, "name": _PERSON.c.name}
_COLUMNS = ("status", "language", "timezone", "domain")


def _one(field: str, value: Any, seen: Callable[[Any], Any], person: sa.FromClause) -> Any:
    if field == "since":
        return seen(_PERSON.c.created_at) >= value
    if field == "until":
        return seen(_PERSON.c.created_at) < value
    if field == "tag":
        return _holds(_PERSON.c.tags, f"\n{value}\n")
    if field == "email":
        return _holds(_PERSON.c.email_key, value.casefold())
    if field == "name":
        return _holds(_PERSON.c.name, value)
    open_ = _THEIRS.c.state != SubscriptionState.ENDED
    mine = _THEIRS.c.subscriber_id == person.c.id
    return sa.exists().where(mine, open_, _of_subscription(field, value))


def _of_subscription(field: str, value: Any) -> Any:
    if field == "newsletter":
        return _THEIRS.c.newsletter == value
    if field == "density":
        return _THEIRS.c.density == value
    if field == "category":  # who has not muted it
        return ~_holds(_THEIRS.c.muted, f"\n{value}\n")
    raise ValueError(field)


def _holds(text: Any, part: str) -> sa.ColumnElement[bool]:
    """Return that a text has a part, capitals and all: LIKE differs between the databases."""
    return _Place(text, sa.literal(part)) > 0


class _Place(FunctionElement[int]):
    """Where a part begins in a text, from 1; 0: nowhere."""

    inherit_cache = True
    type = sa.Integer()


@compiles(_Place)
def _by_strpos(element: Any, compiler: Any, **given: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **given)})"


@compiles(_Place, "sqlite")
def _by_instr(element: Any, compiler: Any, **given: Any) -> str:
    return f"instr({compiler.process(element.clauses, **given)})"
