"""What is exported comes back as it was; what is erased is gone."""

import csv
import json
import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from digest import membership
from digest.app import App
from digest.errors import NotFound, WrongState
from digest.membership import Wanted, import_file
from digest.model import SubscriptionState, SuppressionReason
from digest.shapes import moment
from tests.apps import an_app
from tests.make import NOW

NAMES = ("Ada", "Zoë Ångström", "محمد", "李小龙", 'O\'Neil "Q"', "=cmd()", "🦊", "")
STATES = [s.value for s in SubscriptionState]
REASONS = [r.value for r in SuppressionReason]


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Iterator[App]:
    opened = an_app(tmp_path, database_url)
    yield opened
    opened.close()


def a_person(chance: random.Random, number: int) -> dict[str, Any]:
    def when() -> str:
        back = timedelta(days=chance.randrange(3_000), microseconds=chance.randrange(10**6))
        return moment(NOW - back) or ""

    def maybe(value: Any) -> Any:
        return chance.choice((value, None))

    newsletters = chance.sample(("weekly", "daily", "gone"), chance.randint(0, 3))
    local = chance.choice(("r", "Reader", "jürgen"))
    return {
        "email": f"{local}{number}@{chance.choice(('reader.example', 'xn--bcher-kva.example'))}",
        "name": chance.choice(NAMES),
        "created_at": when(),
        "tags": chance.sample(("vip", "local news", "Übersee", "a;b,c"), chance.randint(0, 4)),
        "language": chance.choice(("", "de", "pt-BR")),
        "timezone": chance.choice(("", "Europe/Berlin")),
        "suppressed": {"reason": chance.choice(REASONS), "at": when(), "note": "so"}
        if chance.random() < 0.2
        else None,
        "subscriptions": [
            {
                "newsletter": newsletter,
                "state": chance.choice(STATES),
                "public_id": f"{number:05d}{place:05d}A",
                "created_at": when(),
                "confirmed_at": maybe(when()),
                "ended_at": maybe(when()),
                "asked_at": maybe(when()),
                "muted": chance.sample(("Sport", "World, and all"), chance.randint(0, 2)),
                "density": chance.choice(("", "full", "compact", "headlines")),
                "log": [
                    {
                        "at": when(),
                        "what": chance.choice(STATES),
                        "origin": "form",
                        "words": chance.choice(NAMES),
                        "by": "",
                        "ip": chance.choice(("", "203.0.113.0/24")),
                    }
                    for _ in range(chance.randint(0, 3))
                ],
            }
            for place, newsletter in enumerate(newsletters)
        ],
    }


def lines_of(values: list[dict[str, Any]]) -> str:
    return "".join(
        json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n" for value in values
    )


def test_ten_thousand_people_come_back_byte_for_byte(app: App) -> None:
    chance = random.Random(11)
    orphans = sorted(f"{chance.getrandbits(256):064x}" for _ in range(50))
    values = [a_person(chance, number) for number in range(10_000)]
    values += [
        {"address_digest": o, "reason": "asked", "at": moment(NOW), "note": "erased"}
        for o in orphans
    ]
    path = app.folder / "people.jsonl"
    path.write_text(lines_of(values), "utf-8")
    looked = import_file(app, path, Wanted("weekly"), apply=False)
    assert "".join(membership.export_people(app, "jsonl")) == ""
    done = import_file(app, path, Wanted("weekly"), apply=True)
    assert looked.counts == done.counts
    assert done.counts["invalid"] == done.counts["duplicate"] == 0
    assert "".join(membership.export_people(app, "jsonl")) == path.read_text("utf-8")
    again = import_file(app, path, Wanted("weekly"), apply=True)
    assert again.counts["new"] == 0
    assert "".join(membership.export_people(app, "jsonl")) == path.read_text("utf-8")


def test_our_own_file_brings_nobody_back_either(app: App) -> None:
    for number in range(3):
        membership.add_subscriber(app, f"r{number}@reader.example", "weekly", confirmed=True)
    text = "".join(membership.export_people(app, "jsonl"))
    membership.end_subscription(app, "r0@reader.example")
    membership.suppress_address(app, "r1@reader.example", SuppressionReason.BOUNCED, "")
    membership.erase_subscriber(app, "r2@reader.example")
    path = app.folder / "old.jsonl"
    path.write_text(text, "utf-8")
    before = "".join(membership.export_people(app, "jsonl"))
    done = import_file(app, path, Wanted("weekly", "said so"), apply=True)
    assert done.counts["new"] == 0
    assert "".join(membership.export_people(app, "jsonl")) == before


def test_a_csv_is_what_rfc_4180_says(app: App) -> None:
    membership.add_subscriber(app, "a@reader.example", "weekly", confirmed=True, name='=1+"1"')
    text = "".join(membership.export_people(app, "csv"))
    assert text.endswith("\r\n")
    (row,) = csv.DictReader(text.splitlines(), strict=True)
    assert (row["email"], row["name"], row["status"]) == ("a@reader.example", '\'=1+"1"', "active")


def test_other_tools_get_nobody_who_is_suppressed_or_has_not_confirmed(app: App) -> None:
    for name in ("in", "out", "bad", "new"):
        confirmed = name != "new"
        membership.add_subscriber(app, f"{name}@reader.example", "weekly", confirmed=confirmed)
    membership.end_subscription(app, "out@reader.example")
    membership.suppress_address(app, "bad@reader.example", SuppressionReason.BOUNCED, "")
    status = {"listmonk": "status", "ghost": "subscribed_to_emails", "mailchimp": ""}
    for shape, column in status.items():
        rows = list(csv.DictReader("".join(membership.export_people(app, shape)).splitlines()))
        found = {row.get("email", row.get("Email Address")): row.get(column) for row in rows}
        wanted = {"in@reader.example", "out@reader.example"} if column else {"in@reader.example"}
        assert set(found) == wanted
        if column:
            assert found["out@reader.example"] in ("disabled", "false")
    for shape in status:  # and they come back as they left
        path = app.folder / f"{shape}.csv"
        path.write_text("".join(membership.export_people(app, shape)), "utf-8")
        done = import_file(app, path, Wanted("weekly", "x"), apply=True)
        assert done.counts["new"] == done.counts["invalid"] == 0


def test_a_person_gets_all_that_is_kept_and_erasure_leaves_only_the_fingerprint(app: App) -> None:
    membership.add_subscriber(app, "ada@reader.example", "weekly", confirmed=True, name="Ada L")
    kept = membership.person_shape(app, "ADA@reader.example")
    assert kept["subscriptions"][0]["log"][0]["what"] == "active"
    assert membership.erase_subscriber(app, "ada@reader.example")
    with app.database.reading() as tx:
        for name in ("subscriber", "subscription", "consent_event", "delivery", "import_change"):
            rows = tx.exec_driver_sql(f"SELECT * FROM {name}").all()
            assert "ada" not in str(rows).lower()
    left = membership.person_shape(app, "ada@reader.example")
    assert left["suppressed"]["reason"] == "asked"
    assert set(left) == {"email", "suppressed", "deliveries"}
    with pytest.raises(WrongState, match="suppressed"):
        membership.add_subscriber(app, "ada@reader.example", "weekly")
    with pytest.raises(NotFound, match="nothing is kept"):
        membership.person_shape(app, "nobody@reader.example")
