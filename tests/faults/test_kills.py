"""F1-F3: a sender killed at any moment loses nobody; second copies are few, each is named."""

import random
import time
from collections.abc import Callable

import pytest

from digest.model import EditionState
from tests.faults.conftest import ALL, FULL, MakeOutlet
from tests.faults.outlet import LATER, SOON, Outlet, wait_until
from tests.faults.sender import Orders, finish, start
from tests.faults.sink import Say, Sink

Figures = Callable[..., None]
SHARDS = 10 if ALL else 1


def check(outlet: Outlet, sink: Sink, policy: str, crashes: int = 1) -> int:
    """Check the promises after crashes and the recovery; return how many copies there were."""
    numbers, named = outlet.numbers, outlet.doubted
    copied = {email for email, count in sink.counts.items() if count > 1}
    lost = outlet.addresses - set(sink.counts)
    assert outlet.edition.state is EditionState.SENT
    assert numbers.open == 0
    assert max(sink.counts.values(), default=0) <= 1 + crashes
    assert len(named) <= outlet.connections * crashes
    if policy == "hold":
        uncertain = {each.email for each in outlet.rows() if each.state == "uncertain"}
        assert copied == set()
        assert lost <= uncertain
        assert numbers.sent + numbers.uncertain == outlet.readers
    else:
        assert lost == set()
        assert copied <= named
        twice = [row for row in outlet.rows() if row.doubts > 1]  # a third copy is never sent
        assert numbers.sent + numbers.uncertain == outlet.readers
        assert numbers.uncertain <= len(twice) <= outlet.connections * (crashes - 1)
    return sum(count - 1 for count in sink.counts.values())


def recover(outlet: Outlet, policy: str) -> None:
    """Send again as an operator would, at once and after the wait."""
    _ = outlet.numbers  # they close right after the crash too
    outlet.expire()
    finish(Orders(outlet.folder, policy, (SOON, LATER)))


def kill_at_random(outlet: Outlet, sink: Sink, orders: Orders, chance: random.Random) -> None:
    """Start a sender and kill it after a random number of acceptances, a little later."""
    before = sink.commands["DOT"]
    sender = start(orders)
    wanted = before + chance.randrange(0, 72)
    wait_until(lambda: sink.commands["DOT"] >= wanted or not sender.is_alive(), step=0.0005)
    time.sleep(chance.random() * 0.02)
    sender.kill()
    sender.join(10)


@pytest.mark.parametrize("policy", ["resend", "hold"])
@pytest.mark.seeds(2, 200, 200)
def test_f1_a_kill_at_a_random_moment_on_sqlite(
    on_sqlite: MakeOutlet, sink: Sink, seed: int, policy: str, figures: Figures
) -> None:
    kill_once(on_sqlite, sink, seed, policy, figures)


@pytest.mark.parametrize("policy", ["resend", "hold"])
@pytest.mark.seeds(2, 200, 200)
def test_f1_a_kill_at_a_random_moment_of_a_big_send(
    beside_sqlite: MakeOutlet, sink: Sink, seed: int, policy: str, figures: Figures
) -> None:
    kill_once(beside_sqlite, sink, seed, policy, figures)


@pytest.mark.parametrize("policy", ["resend", "hold"])
@pytest.mark.seeds(1, 50, 200)
def test_f1_a_kill_at_a_random_moment_on_postgresql(
    on_postgresql: MakeOutlet, sink: Sink, seed: int, policy: str, figures: Figures
) -> None:
    kill_once(on_postgresql, sink, seed, policy, figures)


def kill_once(
    make: MakeOutlet, sink: Sink, seed: int, policy: str, figures: Figures, crashes: int = 1
) -> None:
    outlet, chance = make(readers=80), random.Random(seed)
    sink.rule = lambda heard: Say(delay=0.005) if heard.command == "DOT" else None
    for n in range(crashes):
        kill_at_random(outlet, sink, Orders(outlet.folder, policy, (LATER * n,)), chance)
        outlet.expire()
    sink.rule = None
    recover_after(outlet, policy, crashes)
    copies = check(outlet, sink, policy, crashes)
    numbers = outlet.numbers
    figures(
        "F1" if crashes == 1 else "F3",
        kills=crashes,
        copies=copies,
        named=len(outlet.doubted),
        uncertain=numbers.uncertain,
        most_copies_per_crash=copies / crashes,
    )


def recover_after(outlet: Outlet, policy: str, crashes: int) -> None:
    last = LATER * crashes
    _ = outlet.numbers
    outlet.expire()
    finish(Orders(outlet.folder, policy, (last + SOON, last + LATER)))


@pytest.mark.parametrize("policy", ["resend", "hold"])
@pytest.mark.seeds(1, 10, 50)
def test_f3_five_kills_in_one_send(
    make_outlet: MakeOutlet, sink: Sink, seed: int, policy: str, figures: Figures
) -> None:
    kill_once(make_outlet, sink, seed, policy, figures, crashes=5)


@pytest.mark.parametrize("shard", range(SHARDS))
@pytest.mark.parametrize("connections", [1, 4])
@pytest.mark.parametrize("policy", ["resend", "hold"])
def test_f2_a_kill_at_every_point_on_sqlite(
    on_sqlite: MakeOutlet, sink: Sink, policy: str, connections: int, shard: int, figures: Figures
) -> None:
    step = 1 if FULL or connections == 1 else 5
    at_every_point(on_sqlite(**few(connections)), sink, policy, step, shard, figures)


@pytest.mark.parametrize("shard", range(SHARDS))
@pytest.mark.parametrize("connections", [1, 4])
@pytest.mark.parametrize("policy", ["resend", "hold"])
def test_f2_a_kill_at_every_point_of_a_big_send(
    beside_sqlite: MakeOutlet,
    sink: Sink,
    policy: str,
    connections: int,
    shard: int,
    figures: Figures,
) -> None:
    step = 1 if FULL or connections == 1 else 5
    at_every_point(beside_sqlite(**few(connections)), sink, policy, step, shard, figures)


@pytest.mark.parametrize("shard", range(SHARDS))
@pytest.mark.parametrize("connections", [1, 4])
@pytest.mark.parametrize("policy", ["resend", "hold"])
def test_f2_a_kill_at_every_point_on_postgresql(
    on_postgresql: MakeOutlet,
    sink: Sink,
    policy: str,
    connections: int,
    shard: int,
    figures: Figures,
) -> None:
    step = 1 if FULL else 5 if connections == 1 else 25
    at_every_point(on_postgresql(**few(connections)), sink, policy, step, shard, figures)


def few(connections: int) -> dict[str, int]:
    """Return what makes an outlet of few readers: each is like the other to a sender."""
    return {"readers": 50 if ALL else 4, "connections": connections}


def at_every_point(
    outlet: Outlet, sink: Sink, policy: str, step: int, shard: int, figures: Figures
) -> None:
    """Kill a sender at each of this shard's points, recover, check."""
    points = named_points(outlet)
    mine = range(1, len(points) + 1, step)[shard::SHARDS] if ALL else sample(points)
    copies = worst = 0
    for point in mine:
        if killed_at(outlet, sink, policy, point):
            recover(outlet, policy)
        elif outlet.connections == 1:  # with more, their number changes from run to run
            assert point > len(points) - 8, f"point {point} of {len(points)} was not reached"
        made = check(outlet, sink, policy)
        copies, worst = copies + made, max(worst, made)
    figures("F2", points=len(mine), of=len(points), copies=copies, most_copies_per_crash=worst)


def killed_at(outlet: Outlet, sink: Sink, policy: str, point: int) -> bool:
    """Have a sender kill itself at a point; a run may be shorter by a few than the recorded one."""
    for _ in range(5):
        sink.forget()
        outlet.again()
        sender = start(Orders(outlet.folder, policy, die_at=point))
        sender.join(30)
        if sender.exitcode != 0:
            assert sender.exitcode == -9, f"point {point}"
            return True
    return False


def sample(points: list[str]) -> range:
    """Return a few points: the places around the second message."""
    return range(len(points) // 3, len(points), max(1, len(points) // 4))


def named_points(outlet: Outlet) -> list[str]:
    """Return the name of every point of an undisturbed run."""
    record = outlet.folder / "points"
    finish(Orders(outlet.folder, record=record))
    return record.read_text().splitlines()
