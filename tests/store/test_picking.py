"""An expression picks the same people as Python would, on both databases, whatever is in it."""

import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from digest import membership
from digest.app import App
from digest.audience.filters import FIELDS, parse_filter
from digest.errors import BadFilter
from digest.membership import Wanted, import_file
from digest.model import (
    AllOf,
    AnyOf,
    Filter,
    Not,
    Subscriber,
    SubscriptionState,
    SuppressionReason,
    Term,
)
from digest.shapes import status
from digest.store import Database, Transaction, picking, subscribers
from digest.store.sql import table
from digest.store.tables import SubscriberRow
from tests.apps import an_app
from tests.make import NOW
from tests.test_takeout import a_person, lines_of


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Iterator[App]:
    opened = an_app(tmp_path, database_url, more='[newsletters.daily]\ntitle = "Daily"\n')
    yield opened
    opened.close()


def stock(app: App, names: list[str], count: int = 400) -> list[Subscriber]:
    chance = random.Random(5)
    people = [a_person(chance, number) for number in range(count)]
    for person, name in zip(people, names, strict=False):
        person["name"], person["tags"] = " ".join(name.split()), ["vip", name.replace("\n", " ")]
    path = app.folder / "people.jsonl"
    path.write_text(lines_of(people), "utf-8")
    import_file(app, path, Wanted("weekly"), apply=True)
    with app.database.reading() as tx:
        return list(subscribers.some(tx))


def holds(wanted: Filter, person: Subscriber) -> bool:
    if isinstance(wanted, AllOf):
        return all(holds(part, person) for part in wanted.parts)
    if isinstance(wanted, AnyOf):
        return any(holds(part, person) for part in wanted.parts)
    if isinstance(wanted, Not):
        return not holds(wanted.part, person)
    return any(_one(wanted.field, value, person) for value in wanted.values)


def _one(field: str, value: object, person: Subscriber) -> bool:
    mine = [s for s in person.subscriptions if s.state is not SubscriptionState.ENDED]
    text = str(value)
    assert person.created_at is not None
    return {
        "status": lambda: status(person) == text,
        "newsletter": lambda: any(s.newsletter == text for s in mine),
        "category": lambda: any(text not in s.muted for s in mine),
        "density": lambda: any(s.density == text for s in mine),
        "tag": lambda: text in person.tags,
        "email": lambda: text.casefold() in person.email.casefold(),
        "domain": lambda: person.email.casefold().endswith("@" + text.lower()),
        "name": lambda: text in person.name,
        "language": lambda: person.language == text,
        "timezone": lambda: person.timezone == text,
        "since": lambda: person.created_at >= value,  # type: ignore[operator]
        "until": lambda: person.created_at < value,  # type: ignore[operator]
    }[field]()


def agreed(app: App, people: list[Subscriber], wanted: Filter) -> int:
    with app.database.reading() as tx:
        found = [person.id for person in subscribers.some(tx, wanted)]
        assert subscribers.count(tx, wanted) == len(found)
    assert found == [person.id for person in people if holds(wanted, person)]
    return len(found)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "status:active",
        "-status:active,pending",
        "status:suppressed OR tag:vip",
        'tag:"local news" -newsletter:daily',
        "category:Sport status:active since:2024-01-01",
        '-(category:Sport OR category:"World, and all") until:2026-01-01',
        "domain:xn--bcher-kva.example language:de,pt-BR",
        "email:READER name:Ada density:compact",
        "timezone:Europe/Berlin -tag:a%b_",
        "-tag:vip",
        "newsletter:weekly -tag:vip",
        "newsletter:weekly -tag:vip,nobody -tag:Übersee status:active",
        "tag:vip -tag:Übersee -newsletter:daily",
        "-newsletter:gone",
        "-newsletter:nothing",
        "newsletter:nothing OR category:nothing",
        "domain:reader.example status:active language:de",
        "domain:reader.example,xn--bcher-kva.example status:active,pending -newsletter:daily",
        "domain:reader.example -status:active name:a",
        'name:"" status:active',
    ],
)
def test_expressions_pick_who_python_would(app: App, text: str) -> None:
    people = stock(app, [])
    found = agreed(app, people, parse_filter(text))
    assert found > 0 or "name:Ada" in text


def test_what_readers_change_is_what_they_are_picked_by(app: App) -> None:
    for number in range(8):
        membership.add_subscriber(app, f"r{number}@reader.example", "weekly", confirmed=True)
    membership.prefer(app, "r1@reader.example", "weekly", muted=("Sport",), density="compact")
    membership.edit_subscriber(app, "r2@reader.example", language="de", timezone="Europe/Berlin")
    membership.end_subscription(app, "r3@reader.example")
    membership.suppress_address(app, "r4@reader.example", SuppressionReason.BOUNCED, "")
    membership.add_subscriber(app, "r5@reader.example", "daily", confirmed=False)
    membership.change_address(app, "r6@reader.example", "r6@elsewhere.example", "desk")
    path = app.folder / "more.csv"
    path.write_text("email,language\nr7@reader.example,fr\nr8@reader.example,de\n", "utf-8")
    done = import_file(app, path, Wanted("daily", "asked on paper"), apply=True)
    expected = {
        "category:Sport": 7,
        "density:compact": 1,
        "language:de": 2,
        "language:fr": 1,
        "timezone:Europe/Berlin": 1,
        "newsletter:weekly": 7,
        "newsletter:daily": 3,
        "newsletter:daily -newsletter:weekly": 1,
        "domain:reader.example status:active": 6,
        "domain:ELSEWHERE.example": 1,
    }
    with app.database.reading() as tx:
        people = list(subscribers.some(tx))
    found = {text: agreed(app, people, parse_filter(text)) for text in expected}
    assert found == expected
    membership.undo_import(app, done.id)
    with app.database.reading() as tx:
        people = list(subscribers.some(tx))
    assert agreed(app, people, parse_filter("newsletter:daily")) == 1


def test_no_naughty_string_changes_what_is_picked(app: App, corpus: Callable[[str], Path]) -> None:
    naughty = json.loads((corpus("naughty-strings") / "blns.json").read_text("utf-8"))
    people = stock(app, naughty, len(naughty))
    words = ("tag", "name", "email", "domain", "newsletter", "category", "language", "timezone")
    for text in naughty:
        value = text.replace('"', "").replace("\0", "") or "x"
        for field in words if len(value) < 40 else words[:2]:
            agreed(app, people, Term(field, (value,)))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1=1", "write FIELD:VALUE"),
        ("password:x", "no field 'password'"),
        ("status:active; DROP TABLE subscriber", "write FIELD:VALUE"),
        ("status:maybe", "not one of pending, active"),
        ("since:yesterday", "not a day"),
        ("(status:active", "not closed"),
        ("status:active)", "too many"),
        ("OR status:active", "between two terms"),
        ("tag:", "write FIELD:VALUE"),
        ("tag:,", "has no value"),
        ("-" * 3 + "(" * 60, "write FIELD"),
        ("(" * 60, "nested"),
        ("tag:" + "x" * 5_000, "longer"),
    ],
)
def test_a_wrong_expression_says_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(BadFilter, match=says):
        parse_filter(text)


def test_days_begin_in_the_publication_s_zone(app: App) -> None:
    wanted = membership.reading_filter(app, "since:2026-07-01")
    assert wanted == AllOf((Term("since", (datetime(2026, 6, 30, 22, tzinfo=UTC),)),))


def test_every_field_and_order_works_on_both_databases(app: App) -> None:
    people = stock(app, [], 60)
    for field in FIELDS:
        days = (NOW - timedelta(days=900),) if field in {"since", "until"} else ("weekly",)
        agreed(app, people, Term(field, days))
    with app.database.reading() as tx:
        for order in picking.ORDERS:
            up = [p.id for p in subscribers.some(tx, order=order)]
            down = [p.id for p in subscribers.some(tx, order=f"-{order}")]
            assert up == down[::-1]
            assert len(up) == 60


def plan(tx: Transaction, query: sa.Select[Any]) -> str:
    text = query.compile(tx.engine, compile_kwargs={"literal_binds": True})
    return str(tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").all())


def test_sqlite_walks_to_a_page_of_many_and_looks_up_few(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/digest.db")
    database.upgrade()
    among, people = parse_filter("status:active tag:x since:2026-01-01"), table(SubscriberRow)
    with database.reading() as tx:
        for order in ("came", "-created", "email"):
            query = sa.select(people).where(picking.many(among))
            assert "TEMP B-TREE" not in plan(tx, query.order_by(*picking.order_by(order)))
        assert "INDEX subscriber_tagged" in plan(tx, sa.select(people).where(picking.few(among)))
        among = parse_filter("status:active since:2026-01-01")
        counted = sa.select(sa.func.count()).select_from(people).where(picking.few(among))
        assert "COVERING INDEX subscriber_created" in plan(tx, counted)
    database.close()
