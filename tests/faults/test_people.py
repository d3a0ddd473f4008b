"""F27-F29: people who leave, come, move or are erased while an edition goes out."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import pytest
from fastapi.testclient import TestClient

from digest import membership, pipeline
from digest.audience.tokens import CONFIRM, UNSUBSCRIBE, make_token
from digest.model import DeliveryState, EditionState, SuppressionReason
from digest.store.flight import fold
from digest.web import build
from tests.faults.conftest import ALL, MakeOutlet
from tests.faults.outlet import LATER, SOON, Outlet, address, wait_until
from tests.faults.sender import Orders, finish, stand_still, start, wake
from tests.faults.sink import DROP, Heard, Say, Sink

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


def by_suppression(outlet: Outlet, _client: TestClient, email: str) -> None:
    membership.suppress_address(outlet.app, email, SuppressionReason.BOUNCED, "550 5.1.1")


def during(outlet: Outlet, sink: Sink, act: Callable[[str], Any]) -> tuple[set[str], set[str]]:
    """Do something to every tenth reader in mid-send; return those who waited, those handed.

    Looked up right after it was committed: from then on no waiting one may get a mail. The last
    ones first, so that they meet the sender midway.
    """
    sink.rule = lambda heard: Say(delay=0.2) if heard.command == "DOT" else None
    sender = start(Orders(outlet.folder))
    wait_until(lambda: sink.commands["DOT"] >= 10)
    waited, handed, ids = set(), set(), {row.email: row.id for row in outlet.rows()}
    for email in map(address, reversed(range(0, READERS, 10))):
        act(email)
        state = state_of(outlet, ids[email])
        if state in (*_WAITING, DeliveryState.SUPPRESSED):
            waited.add(email)
        elif state is DeliveryState.HANDED:
            handed.add(email)
    sink.rule = None
    sender.join(60)
    assert sender.exitcode == 0
    finish(Orders(outlet.folder, at=(SOON, LATER)))
    assert outlet.edition.state is EditionState.SENT
    assert max(sink.counts.values()) == 1
    assert len(handed) <= outlet.connections
    return waited, handed


def state_of(outlet: Outlet, delivery: int) -> DeliveryState:
    """Return the state of one row of the ledger, what is in flight counted in."""
    with outlet.app.database.transaction() as tx:
        fold(tx)
    (row,) = [row for row in outlet.rows() if row.id == delivery]
    return row.state


@pytest.mark.parametrize("way", [by_page, by_one_click, by_command, by_suppression])
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


PEOPLE = 50 if ALL else 10


def slowly(heard: Heard) -> Say | None:
    """Take each mail of the edition slowly, and other mails at once."""
    old = re.fullmatch(r"r\d+@[abc]\.example", heard.recipient)
    return Say(delay=0.2) if heard.command == "DOT" and old else None


def new_of(email: str) -> str:
    """Return the address a person changes to."""
    return f"new-{email}"


def move_away(outlet: Outlet, emails: Iterable[str], *, confirming: bool) -> None:
    """Change addresses, as an admin does; the people may confirm at once."""
    app = outlet.app
    for email in emails:
        assert membership.change_address(app, email, new_of(email), "an admin") == []
        if confirming:
            (mine,) = membership.find_subscriber(app, new_of(email)).subscriptions
            token = make_token(app.keys, CONFIRM, mine.public_id)
            membership.confirm(app, app.keys.current + token)


def bring_in(outlet: Outlet, count: int) -> None:
    """Import people who said yes long ago."""
    path = outlet.folder / "more.csv"
    path.write_text("email\n" + "".join(f"late{n}@d.example\n" for n in range(count)))
    wanted = membership.Wanted("weekly", "double opt-in 2022")
    assert membership.import_file(outlet.app, path, wanted, apply=True).counts["new"] == count


def of_edition(sink: Sink) -> Counter[str]:
    """Return how many copies of the edition each address got, other mails left out."""
    mine = [one for one in sink.taken if re.match(r"<e\d+\.d\d+\.", one.message_id)]
    return Counter(one.recipient for one in mine)


def test_f28_who_is_deleted_moved_or_added_in_mid_send(
    make_outlet: MakeOutlet, sink: Sink, figures: Figures
) -> None:
    outlet = make_outlet(readers=READERS)
    last = [address(n) for n in reversed(range(READERS))]
    gone, moved, silent = last[::4][:PEOPLE], last[1::4][: PEOPLE // 2], last[2::4][: PEOPLE // 2]
    ids = {row.email: row.id for row in outlet.rows()}
    sink.rule = slowly
    sender = start(Orders(outlet.folder))
    wait_until(lambda: sink.commands["DOT"] >= 10)
    bring_in(outlet, 500)
    for email in gone:
        membership.erase_subscriber(outlet.app, email)
    move_away(outlet, moved, confirming=True)
    move_away(outlet, silent, confirming=False)
    sent = {DeliveryState.SENT, DeliveryState.HANDED}
    early = {e for e in (*gone, *moved, *silent) if state_of(outlet, ids[e]) in sent}
    sink.rule = None
    sender.join(60)
    assert sender.exitcode == 0
    finish(Orders(outlet.folder, at=(SOON, LATER)))
    assert outlet.edition.state is EditionState.SENT
    copies, changed = of_edition(sink), {*moved, *silent}
    assert max(copies.values()) == 1
    assert len(early) < len(gone) + len(changed)  # it was in time for some
    assert {*gone, *changed} & set(copies) <= early
    assert not any(copies[new_of(e)] for e in (*silent, *early))
    assert not any(copies[e] and copies[new_of(e)] for e in changed)
    others = outlet.addresses - {*gone, *changed}
    assert set(copies) - {*gone, *changed, *map(new_of, moved)} == others
    assert outlet.numbers.frozen == READERS
    got = sum(copies[new_of(e)] for e in moved)
    figures("F28", deleted=len(gone), moved=len(changed), added=500, late=len(early), new_got=got)


def test_f28_who_moves_while_it_waits_gets_it_once_where_they_confirmed(
    make_outlet: MakeOutlet, sink: Sink, figures: Figures
) -> None:
    outlet = make_outlet(readers=40)
    moved, silent = [address(n) for n in range(39, 29, -1)], [address(n) for n in range(10)]
    sink.rule = slowly
    sender = start(Orders(outlet.folder))
    wait_until(lambda: len(of_edition(sink)) >= 2)
    paused = pipeline.pause_edition(outlet.app, outlet.edition, "to change addresses")
    sink.rule = None
    sender.join(60)
    early = set(of_edition(sink))
    move_away(outlet, moved, confirming=True)
    move_away(outlet, silent, confirming=False)
    # two exchange addresses by way of a third: nobody gets it twice
    for email, to in ((address(20), "x@d.example"), (address(21), address(20))):
        membership.change_address(outlet.app, email, to, "an admin")
    assert outlet.numbers.frozen == 40
    pipeline.resume_edition(outlet.app, paused)
    finish(Orders(outlet.folder))
    copies = of_edition(sink)
    assert early.isdisjoint(moved)
    assert set(copies.values()) == {1}
    left = {*moved, *silent, address(20), address(21)}
    assert set(copies) == (outlet.addresses - left) | early | set(map(new_of, moved))
    assert outlet.numbers.suppressed == len(left - {*moved} - early)
    figures("F28", how="while paused", moved=len(moved), new_got=len(moved))


@pytest.mark.parametrize("make_outlet", ["on_sqlite", "beside_sqlite"], indirect=True)
def test_f28_a_sender_that_slept_through_a_pause_writes_to_nobodys_old_address(
    make_outlet: MakeOutlet, sink: Sink, figures: Figures
) -> None:
    outlet, moved = make_outlet(readers=110), [address(n) for n in range(40, 110, 5)]
    sink.rule = lambda heard: Say(delay=0.05) if heard.command == "DOT" else None
    sender = start(Orders(outlet.folder))
    wait_until(lambda: sink.commands["DOT"] >= 10)
    stand_still(sender, outlet.app.database)
    early = set(of_edition(sink))
    paused = pipeline.pause_edition(outlet.app, outlet.edition, "to change addresses")
    move_away(outlet, moved, confirming=True)
    pipeline.resume_edition(outlet.app, paused)
    wake(sender)
    sink.rule = None
    sender.join(60)
    outlet.expire_claims()
    finish(Orders(outlet.folder, at=(SOON, LATER)))
    assert early.isdisjoint(moved)
    copies = of_edition(sink)
    assert set(copies) == (outlet.addresses - set(moved)) | set(map(new_of, moved))
    assert set(copies.values()) == {1}
    assert outlet.numbers.add_up
    figures("F28", how="while the sender slept", moved=len(moved), new_got=len(moved))


def test_f28_a_copy_in_doubt_is_not_sent_again_to_an_address_that_was_left(
    make_outlet: MakeOutlet, sink: Sink, figures: Figures
) -> None:
    outlet, moved = make_outlet(readers=6, connections=1), address(1)
    sink.rule = lambda heard: (
        Say(DROP) if heard.command == "DOT" and heard.recipient == moved else None
    )
    while not outlet.drain(seconds=1).numbers.uncertain:
        pass
    sink.rule = None
    move_away(outlet, [moved], confirming=True)
    finish(Orders(outlet.folder, at=(SOON, LATER)))
    assert outlet.edition.state is EditionState.SENT
    assert of_edition(sink)[moved] == 1
    assert outlet.numbers.add_up
    figures("F28", in_doubt=1, copies=0)


def test_f29_who_is_erased_in_mid_send_gets_no_dot_and_the_books_close(
    make_outlet: MakeOutlet, sink: Sink, figures: Figures
) -> None:
    outlet = make_outlet(readers=READERS)
    waited, handed = during(outlet, sink, partial(membership.erase_subscriber, outlet.app))
    assert waited
    assert waited.isdisjoint(sink.counts)
    assert outlet.numbers.suppressed == len(waited)
    erased = {address(n) for n in range(0, READERS, 10)}
    assert erased.isdisjoint(row.email for row in outlet.rows())  # the ledger forgot them all
    figures("F29", in_time=len(waited), handed_already=len(handed), dots_after=0)
