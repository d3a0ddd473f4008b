"""Who is active is counted by the smaller part, and the count is exact either way."""

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from digest.app import App
from digest.model import SubscriptionState
from digest.store import active
from digest.store.sql import table
from digest.store.tables import SubscriberRow, SubscriptionRow
from tests.apps import an_app
from tests.make import NOW

Kind = tuple[str, SubscriptionState]
OTHERS = [(name, state) for name in ("daily", "weekly", "zine") for state in SubscriptionState]


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Iterator[App]:
    opened = an_app(tmp_path, database_url)
    yield opened
    opened.close()


def stock(app: App, kinds: list[Kind]) -> None:
    people, consents = [], []
    for number, (newsletter, state) in enumerate(kinds, 1):
        email, name = f"{number}@web.example", f"{number:011}"
        same = {"id": number, "created_at": NOW}
        people.append(same | {"email": email, "email_key": email, "address_digest": email})
        consent = same | {"subscriber_id": number, "newsletter": newsletter}
        consents.append(consent | {"state": state, "public_id": name})
    with app.database.transaction() as tx:
        tx.execute(sa.insert(table(SubscriberRow)), people)
        tx.execute(sa.insert(table(SubscriptionRow)), consents)


def counted(app: App, newsletter: str) -> tuple[int, str]:
    """Return the number, and the statement that found it."""
    said: list[str] = []

    def keep(_c: object, _cursor: object, words: str, *_: object) -> None:
        said.append(words)

    with app.database.reading() as tx:
        sa.event.listen(tx, "before_cursor_execute", keep)
        return active.every(tx, newsletter), said[-1]


@pytest.mark.parametrize("share", [0, 0.2, 0.45, 0.55, 0.9, 1])
def test_the_active_are_counted_whether_they_are_most_or_few(app: App, share: float) -> None:
    chance = random.Random(int(share * 100))
    mine = ("weekly", SubscriptionState.ACTIVE)
    kinds = [mine if chance.random() < share else chance.choice(OTHERS) for _ in range(500)]
    stock(app, kinds)
    expected = Counter(kinds)
    for name in ("a", "daily", "nothing", "weekly", "zine"):
        assert counted(app, name)[0] == expected[name, SubscriptionState.ACTIVE]


@pytest.mark.parametrize(("few", "subtracts"), [(20, True), (480, False)])
def test_of_those_who_are_active_and_the_others_the_fewer_are_counted(
    app: App, few: int, subtracts: bool
) -> None:
    kinds = [("weekly", SubscriptionState.ACTIVE)] * (500 - few)
    kinds += [("daily", SubscriptionState.ACTIVE)] * few
    stock(app, kinds)
    number, words = counted(app, "weekly")
    assert number == 500 - few
    assert (" - (SELECT" in words) == subtracts


def test_nobody_is_active_where_there_is_nobody(app: App) -> None:
    assert counted(app, "weekly")[0] == 0
