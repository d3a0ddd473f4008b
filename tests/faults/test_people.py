"""F27-F29: people who leave, come or are erased while an edition goes out."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from digest import membership
from digest.audience.tokens import UNSUBSCRIBE, make_token
from digest.model import DeliveryState, EditionState
from digest.web import build
from tests.faults.conftest import ALL, MakeOutlet
from tests.faults.outlet import LATER, SOON, Outlet, address, subscribe, wait_until
from tests.faults.sender import Orders, finish, start
from tests.faults.sink import Say, Sink

Figures = Callable[..., None]
READERS = 500 if ALL else 120
_WAITING = (DeliveryState.QUEUED, DeliveryState.CLAIMED, DeliveryState.DEFERRED)
ONE_CLICK = {"Content-Type": "application/x-www-form-urlencoded"}


def link(outlet: Outlet, email: str) -> str:
    """Return the path of a reader's unsubscribe link."""
    app = outlet.app
    (found,) = membership.find_subscriber(app, email).subscriptions
    return f"/u/{app.keys.current}{make_token(app.keys, UNSUBSCRIBE, found.public_id)}"


def by_page(outlet: Outlet, client: TestClient, email: str) -> None:
    assert client.post(link(outlet, email)).status_code == 200


def by_one_click(outlet: Outlet, client: TestClient, email: str) -> None:
    body = "List-Unsubscribe=One-Click"
    assert client.post(link(outlet, email), content=body, headers=ONE_CLICK).status_code == 200


def by_command(outlet: Outlet, _client: TestClient, email: str) -> None:
    membership.end_subscription(outlet.app, email, "weekly")


def during(outlet: Outlet, sink: Sink, act: Callable[[str], Any]) -> tuple[set[str], set[str]]:
    """Do something to every tenth reader in mid-send; return those who waited, those handed.

    Looked up right after it was committed: from then on no waiting one may get a mail. The last
    ones first, so that they meet the sender midway.
    """
    sink.rule = lambda heard: Say(delay=0.2) if heard.command == "DOT" else None
    sender = start(Orders(outlet.folder))
    wait_until(lambda: sink.commands["DOT"] >= 10)
    waited, handed = set(), set()
    for number in reversed(range(0, READERS, 10)):
        act(address(number))
        (row,) = [row for row in outlet.rows() if row.email == address(number)]
        if row.state in (*_WAITING, DeliveryState.SUPPRESSED):
            waited.add(row.email)
        elif row.state is DeliveryState.HANDED:
            handed.add(row.email)
    sink.rule = None
    sender.join(60)
    assert sender.exitcode == 0
    finish(Orders(outlet.folder, at=(SOON, LATER)))
    assert outlet.edition.state is EditionState.SENT
    assert max(sink.counts.values()) == 1
    assert len(handed) <= outlet.connections
    return waited, handed


@pytest.mark.parametrize("way", [by_page, by_one_click, by_command])
def test_f27_who_leaves_in_mid_send_gets_no_dot_after_it_was_committed(
    make_outlet: MakeOutlet, sink: Sink, way: Any, figures: Figures
) -> None:
    outlet = make_outlet(readers=READERS)
    with TestClient(build(outlet.app), base_url="https://digest.news.example") as client:
        waited, handed = during(outlet, sink, partial(way, outlet, client))
    assert waited  # it was in time for some
    assert waited.isdisjoint(sink.counts)
    states = {row.email: row.state for row in outlet.rows()}
    assert {states[email] for email in waited} == {DeliveryState.SUPPRESSED}
    assert outlet.numbers.suppressed == len(waited)
    assert outlet.numbers.sent == READERS - len(waited)
    figures("F27", way=way.__name__, in_time=len(waited), handed_already=len(handed), dots_after=0)


def test_f28_who_is_added_in_mid_send_is_not_in_this_edition(
    make_outlet: MakeOutlet, sink: Sink, figures: Figures
) -> None:
    outlet = make_outlet(readers=READERS)
    sink.rule = lambda heard: Say(delay=0.2) if heard.command == "DOT" else None
    sender = start(Orders(outlet.folder))
    wait_until(lambda: sink.commands["DOT"] >= 10)
    with outlet.app.database.transaction() as tx:
        subscribe(tx, outlet.app, [address(n) for n in range(READERS, READERS + 500)])
    sink.rule = None
    sender.join(60)
    assert set(sink.counts) == outlet.addresses
    assert outlet.numbers.frozen == outlet.numbers.sent == READERS
    figures("F28", added=500, mailed_of_them=0)


def test_f29_who_is_erased_in_mid_send_gets_no_dot_and_the_books_close(
    make_outlet: MakeOutlet, sink: Sink, figures: Figures
) -> None:
    outlet = make_outlet(readers=READERS)

    def erase(email: str) -> None:
        with outlet.app.database.transaction() as tx:
            tx.execute(sa.text("DELETE FROM subscriber WHERE email = :e"), {"e": email})

    waited, handed = during(outlet, sink, erase)
    assert waited
    assert waited.isdisjoint(sink.counts)
    assert outlet.numbers.suppressed == len(waited)
    figures("F29", in_time=len(waited), handed_already=len(handed), dots_after=0)
