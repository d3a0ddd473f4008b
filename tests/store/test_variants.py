"""How readers want an edition is counted by small indexes, and the count is exact."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from digest import membership
from digest.app import App
from digest.model import EVERYBODY, Choice, SubscriptionState, SuppressionReason, Term
from digest.store import Database, subscribers, variants
from tests.apps import an_app
from tests.store.test_picking import stock


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Iterator[App]:
    opened = an_app(tmp_path, database_url)
    stock(opened, [])
    with opened.database.reading() as tx:
        some = [person.email for person in subscribers.some(tx) if person.id % 9 == 0]
    for email in some:
        membership.suppress_address(opened, email, SuppressionReason.ADMIN, "asked")
    yield opened
    opened.close()


def one_by_one(app: App, newsletter: str, differs: Callable[[str], bool]) -> Counter[Choice]:
    found: Counter[Choice] = Counter()
    with app.database.reading() as tx:
        for person in subscribers.some(tx):
            for s in person.subscriptions if not person.suppressed else ():
                if (s.newsletter, s.state) == (newsletter, SubscriptionState.ACTIVE):
                    language = person.language if differs(person.language) else ""
                    found[Choice(s.muted, s.density, language)] += 1
    return found


@pytest.mark.parametrize("differs", [bool, lambda tag: tag.startswith("de"), lambda _: False])
@pytest.mark.parametrize("newsletter", ["weekly", "daily", "nothing"])
def test_counting_by_indexes_gives_what_looking_at_everybody_gives(
    app: App, newsletter: str, differs: Callable[[str], bool]
) -> None:
    expected = one_by_one(app, newsletter, differs)
    assert newsletter == "nothing" or len(expected) > 3
    with app.database.reading() as tx:
        assert variants.wanted(tx, newsletter, EVERYBODY, differs) == expected
        assert subscribers.active_count(tx, newsletter) == expected.total()
        every = Term("status", ("active", "pending", "ended", "suppressed"))
        assert variants.wanted(tx, newsletter, every) == one_by_one(app, newsletter, bool)


# PostgreSQL plans by what it knows of the rows.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_on_sqlite_nobody_active_without_a_wish_is_looked_at(app: App) -> None:
    assert app.database.is_sqlite
    plans = _plans(app.database, lambda given: SubscriptionState.PENDING not in given)
    assert plans
    assert not [line for line in plans if line.startswith("SCAN subscription")], plans
    assert not [line for line in plans if "USING INDEX subscription_state" in line], plans
    assert "SCAN subscriber" not in plans, plans
    # Who speaks otherwise is counted by an index alone, but for those who have yet to confirm.
    assert "SEARCH subscriber USING COVERING INDEX subscriber_speaks (language=?)" in plans
    waiting = _plans(app.database, lambda given: SubscriptionState.PENDING in given)
    state = "SEARCH subscription USING INDEX subscription_state (newsletter=? AND state=?)"
    assert waiting[0] == state, waiting


def _plans(database: Database, some: Callable[[tuple[object, ...]], bool]) -> list[str]:
    """Return how SQLite answers each of the statements that count and are given some values."""
    said: list[tuple[str, tuple[object, ...]]] = []

    def keep(_c: object, _cursor: object, words: str, given: Any, *_: object) -> None:
        said.append((words, given))

    sa.event.listen(database.engine, "before_cursor_execute", keep)
    with database.reading() as tx:
        variants.wanted(tx, "weekly", EVERYBODY)
        sa.event.remove(database.engine, "before_cursor_execute", keep)
        return [
            str(row[-1])
            for words, given in said
            if words.startswith("SELECT") and some(given)
            for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {words}", given)
        ]
