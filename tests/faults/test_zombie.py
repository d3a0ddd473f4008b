"""F19: a sender that stood still wakes up when another has gone on with its readers."""

import time
from collections.abc import Callable

import pytest

from digest.model import EditionState
from tests.faults.conftest import MakeOutlet
from tests.faults.outlet import LATER, SOON, wait_until
from tests.faults.sender import Orders, finish, stand_still, start, wake
from tests.faults.sink import Say, Sink

Figures = Callable[..., None]


@pytest.mark.seeds(1, 20, 60)
def test_f19_a_sender_that_stood_still_past_its_lease_sends_nothing_twice(
    beside_sqlite: MakeOutlet, sink: Sink, seed: int, figures: Figures
) -> None:
    outlet = beside_sqlite(readers=110)
    sink.rule = lambda heard: Say(delay=0.02) if heard.command == "DOT" else None
    first = start(Orders(outlet.folder))
    wait_until(lambda: sink.commands["DOT"] >= 60)
    time.sleep(0.003 * seed)
    stand_still(first, outlet.app.database)
    outlet.expire_claims()
    second, before = start(Orders(outlet.folder)), sink.commands["DOT"]
    wait_until(lambda: sink.commands["DOT"] >= before + 6)
    wake(first)
    sink.rule = None
    for sender in (first, second):
        sender.join(60)
        assert sender.exitcode == 0
    finish(Orders(outlet.folder, at=(SOON, LATER)))
    assert outlet.edition.state is EditionState.SENT
    assert set(sink.counts) == outlet.addresses
    assert set(sink.counts.values()) == {1}
    assert outlet.doubted == set()
    figures("F19", copies=0, uncertain=0)
