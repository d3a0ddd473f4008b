"""What visits share: many done at one stroke, pages kept in memory."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from digest import membership
from digest.app import App
from digest.audience.tokens import UNSUBSCRIBE, make_token
from digest.errors import InvalidToken, StoreError
from digest.model import EVERYBODY, Subscription, SubscriptionState
from digest.store import subscribers
from digest.web import build
from digest.web.base import Together
from digest.web.limits import Throttle
from tests.apps import an_app, fill


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Iterator[App]:
    opened = an_app(tmp_path, database_url)
    yield opened
    opened.close()


def links(app: App) -> list[str]:
    with app.database.reading() as tx:
        mine = [person.subscriptions[0] for person in subscribers.some(tx, EVERYBODY)]
    return [app.keys.current + make_token(app.keys, UNSUBSCRIBE, s.public_id) for s in mine]


def states(app: App) -> set[SubscriptionState]:
    with app.database.reading() as tx:
        return {p.subscriptions[0].state for p in subscribers.some(tx, EVERYBODY)}


def test_who_waits_is_served_by_whose_turn_it_is() -> None:
    began, go, sizes = threading.Event(), threading.Event(), []

    def act(numbers: Sequence[int]) -> list[int]:
        sizes.append(len(numbers))
        began.set()
        go.wait(5)
        return [number * 2 for number in numbers]

    together = Together(act)
    with ThreadPoolExecutor(30) as pool:
        first = pool.submit(together, 0)
        began.wait(5)
        others = [pool.submit(together, number) for number in range(1, 30)]
        while len(together._waiting) < 29:
            pass
        go.set()
        assert [first.result()] + [each.result() for each in others] == [n * 2 for n in range(30)]
    assert sizes == [1, 29]


def test_a_failure_is_told_to_everyone_it_befell() -> None:
    def act(numbers: Sequence[int]) -> list[int]:
        raise StoreError(f"gone: {numbers}")

    together = Together(act)
    with ThreadPoolExecutor(8) as pool:
        found = [pool.submit(together, number) for number in range(8)]
        assert all(isinstance(each.exception(), StoreError) for each in found)


def test_many_leave_at_once_and_each_has_their_own_entry(app: App) -> None:
    fill(app, readers=40)
    with TestClient(build(app), base_url="https://digest.news.example") as client:
        paths = [f"/u/{link}" for link in links(app)]
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda path: client.post(path).status_code, paths))
        assert client.post("/u/0" + "A" * 32).status_code == 404
    assert answers == [200] * 40
    assert states(app) == {SubscriptionState.ENDED}
    for number in range(40):
        (mine,) = membership.person_shape(app, f"r{number}@reader.example")["subscriptions"]
        assert [entry["what"] for entry in mine["log"]] == ["active", "ended"]


def test_a_wrong_link_among_many_harms_no_other(app: App) -> None:
    fill(app, readers=2)
    one, two = links(app)
    first, wrong, again, second = membership.unsubscribe_all(
        app, [(one, "198.51.100.7"), ("nonsense", ""), (one, ""), (two, "")]
    )
    assert isinstance(wrong, InvalidToken)
    assert first == again
    for ended in (first, second):
        assert isinstance(ended, Subscription)
        assert ended.state is SubscriptionState.ENDED
    assert membership.unsubscribe(app, one) == first


def test_a_throttle_lets_go_with_time_and_forgets_the_quietest() -> None:
    throttle = Throttle(2, 60, networks=2)
    for now in (0, 1):
        throttle.note("a", now)
    assert throttle.is_over("a", 59)
    assert not throttle.is_over("a", 61)
    assert not throttle.is_over("b", 2)
    throttle.note("b", 3)
    throttle.note("c", 4)
    assert not throttle.is_over("a", 5)
