"""F4-F10: a relay that drops, delays, refuses and limits; each reader gets one all the same."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from digest.model import DeliveryState, EditionState
from tests.faults.conftest import ALL, MakeOutlet
from tests.faults.outlet import LATER, SOON, Outlet, address
from tests.faults.proxy import Proxy, proxied
from tests.faults.sender import Orders, finish
from tests.faults.sink import DROP, SILENCE, Heard, Say, Sink
from tests.make import NOW

Figures = Callable[..., None]
READERS = 500 if ALL else 40


def run_out(outlet: Outlet, drains: int, **span: float) -> int:
    """Send as `digest run` does, tick by tick, until it is finished; return how many it took."""
    for number in range(1, drains + 1):
        if outlet.drain(**span).finished:
            return number
        _ = outlet.numbers  # they close after each
    raise AssertionError(f"not finished after {drains}: {outlet.numbers}")


def some(seed: int, share: float) -> set[str]:
    """Return a share of the readers, at random."""
    chance = random.Random(seed)
    return {address(n) for n in chance.sample(range(READERS), int(READERS * share))}


def everyone_once(outlet: Outlet, sink: Sink) -> bool:
    """Say whether every reader got exactly one copy."""
    return set(sink.counts) == outlet.addresses and set(sink.counts.values()) == {1}


def test_a_relay_that_accepts_and_hangs_up_in_one_breath_loses_nobody(
    make_outlet: MakeOutlet, sink: Sink
) -> None:
    outlet, unlucky = make_outlet(readers=READERS), some(1, 0.2)
    both = Say("354 go on\r\n421 4.3.2 busy", close=True)

    def rule(heard: Heard) -> Say | None:
        first = heard.command == "DATA" and heard.attempt == 1
        return both if first and heard.recipient in unlucky else None

    sink.rule = rule
    run_out(outlet, 2 * len(unlucky) + 4, seconds=1)
    assert everyone_once(outlet, sink)
    assert outlet.doubted == set()


@pytest.mark.seeds(1, 3, 10)
def test_f4_links_dropped_after_the_dot_are_in_doubt_and_sent_again_the_same(
    make_outlet: MakeOutlet, sink: Sink, seed: int, figures: Figures
) -> None:
    outlet, unlucky = make_outlet(readers=READERS), some(seed, 0.1)

    def rule(heard: Heard) -> Say | None:
        first = heard.command == "DOT" and heard.attempt == 1
        return Say(DROP) if first and heard.recipient in unlucky else None

    sink.rule = rule
    for _ in range(2 * len(unlucky) + 2):  # within the ten minutes nothing goes twice
        outlet.drain(seconds=1)
    assert outlet.numbers.failed == 0
    assert {row.email for row in outlet.rows(DeliveryState.UNCERTAIN)} == unlucky
    assert set(sink.counts.values()) == {1}
    assert run_out(outlet, 3, minutes=11) <= 2
    assert outlet.doubted == unlucky == {one for one, n in sink.counts.items() if n == 2}
    assert max(sink.counts.values()) == 2
    ways = {(one.recipient, one.message_id, one.content) for one in sink.taken}
    assert len(ways) == READERS  # equal Message-ID and bytes both times
    figures("F4", dropped=len(unlucky), copies=len(unlucky), failed=0)


@pytest.mark.thorough
def test_f5_a_verdict_after_nine_minutes_and_fifty_seconds_counts(
    make_outlet: MakeOutlet, sink: Sink, figures: Figures
) -> None:
    outlet = make_outlet(readers=READERS)
    late = address(7)
    sink.rule = lambda h: Say(delay=5.9) if (h.command, h.recipient) == ("DOT", late) else None
    finish(Orders(outlet.folder, times=100))
    assert everyone_once(outlet, sink)
    assert outlet.numbers.sent == READERS
    assert outlet.doubted == set()
    figures("F5", copies=0, sent=READERS)


def test_f6_a_verdict_after_eleven_minutes_is_too_late_and_makes_one_named_copy(
    make_outlet: MakeOutlet, sink: Sink, figures: Figures
) -> None:
    outlet = make_outlet(readers=READERS)
    late = address(7)

    def rule(heard: Heard) -> Say | None:
        once = (heard.command, heard.recipient, heard.attempt) == ("DOT", late, 1)
        return Say(delay=660 / 300) if once else None

    sink.rule = rule
    finish(Orders(outlet.folder, times=300))
    assert [row.email for row in outlet.rows(DeliveryState.UNCERTAIN)] == [late]
    finish(Orders(outlet.folder, at=(SOON, LATER, LATER + SOON)))
    assert outlet.edition.state is EditionState.SENT
    assert sink.counts.pop(late) == 2
    assert outlet.doubted == {late}
    assert set(sink.counts.values()) == {1}
    figures("F6", copies=1, named=1)


#: Reply, share of the readers, and the commands it may come at.
CLASSES = (
    ("421 4.3.2 closing", 0.10, ("RCPT", "DATA", "DOT")),
    ("450 4.2.1 busy", 0.10, ("RCPT", "DATA", "DOT")),
    ("451 4.3.0 trouble", 0.05, ("RCPT", "DATA", "DOT")),
    ("550 5.1.1 unknown", 0.10, ("RCPT", "DOT")),
    ("550 5.7.1 not wanted", 0.05, ("RCPT", "DOT")),
    ("552 5.2.2 full", 0.05, ("RCPT", "DATA", "DOT")),
)


@pytest.mark.seeds(1, 3, 10)
def test_f7_each_class_of_reply_has_its_consequence(
    make_outlet: MakeOutlet, sink: Sink, seed: int, figures: Figures
) -> None:
    outlet, chance = make_outlet(readers=READERS), random.Random(seed)
    plan: dict[tuple[str, str], str] = {}
    expected: dict[str, str] = {}
    rest = [address(n) for n in range(READERS)]
    chance.shuffle(rest)
    for reply, share, commands in CLASSES:
        for _ in range(int(READERS * share)):
            reader = rest.pop()
            plan[chance.choice(commands), reader] = reply
            expected[reader] = reply

    def rule(heard: Heard) -> Say | None:
        if heard.command in ("CONNECT", "MAIL") and sink.commands[heard.command] % 29 == 7:
            return Say("421 4.3.2 closing", close=True)
        reply = plan.get((heard.command, heard.recipient), "") if heard.attempt == 1 else ""
        return Say(reply, close=reply.startswith("421")) if reply else None

    sink.rule = rule
    for _ in range(READERS):
        drained = outlet.drain(seconds=1)
        if not drained.problem:
            break
    refused = {reader for reader, reply in expected.items() if reply.startswith("5")}
    waiting = {r for r, reply in expected.items() if reply.startswith("45")}
    states = {row.email: row for row in outlet.rows()}
    assert {r for r, row in states.items() if row.state is DeliveryState.FAILED} == refused
    assert {r for r, row in states.items() if row.state is DeliveryState.DEFERRED} == waiting
    assert all(states[reader].reply == expected[reader] for reader in refused)
    for reader in waiting:
        again = states[reader].next_try_at
        assert again
        assert timedelta(minutes=4) < again - outlet.clock.moment <= timedelta(minutes=5)
    run_out(outlet, READERS, minutes=5)
    assert set(sink.counts) == outlet.addresses - refused
    assert set(sink.counts.values()) == {1}
    assert outlet.numbers.sent == READERS - len(refused)
    figures("F7", sent=outlet.numbers.sent, failed=len(refused), deferred=len(waiting), copies=0)


def test_f7_a_mailbox_that_stays_busy_is_asked_for_a_day_and_expires(
    make_outlet: MakeOutlet, sink: Sink, figures: Figures
) -> None:
    outlet, asked = make_outlet(readers=3), list[datetime]()
    busy = address(1)

    def rule(heard: Heard) -> Say | None:
        if (heard.command, heard.recipient) != ("RCPT", busy):
            return None
        asked.append(outlet.clock.moment)
        return Say("450 4.2.1 busy")

    sink.rule = rule
    while not outlet.drain().finished:
        due = outlet.rows(DeliveryState.DEFERRED)[0].next_try_at
        assert due
        outlet.clock.moment = due - timedelta(seconds=1)
        assert outlet.drain().numbers.open == 1  # not a second too early
        outlet.clock.moment = due
    waits = [(after - before) / timedelta(minutes=1) for before, after in pairwise(asked)]
    assert waits == [5, 15, 30, 60, 120, 240, 240, 240, 240, 240]
    assert outlet.numbers.expired == 1
    figures("F7", waits_in_minutes=waits)


def test_f8_greylisting_delays_everyone_once_and_nobody_twice(
    make_outlet: MakeOutlet, sink: Sink, figures: Figures
) -> None:
    outlet, seen = make_outlet(readers=READERS), dict[str, datetime]()
    envelopes: dict[str, set[str]] = {}

    def rule(heard: Heard) -> Say | None:
        if heard.command != "RCPT":
            return None
        envelopes.setdefault(heard.recipient, set()).add(heard.sender)
        first = seen.setdefault(heard.recipient, outlet.clock.moment)
        young = outlet.clock.moment - first < timedelta(minutes=5)
        return Say("450 4.2.0 greylisted") if young else None

    sink.rule = rule
    run_out(outlet, 40, seconds=30)
    assert everyone_once(outlet, sink)
    assert outlet.clock.moment - NOW < timedelta(minutes=20)
    assert {row.attempts for row in outlet.rows()} == {2}
    assert {len(senders) for senders in envelopes.values()} == {1}  # the same both times
    figures("F8", minutes=(outlet.clock.moment - NOW) / timedelta(minutes=1), copies=0)


def test_f9_a_server_that_closes_after_twenty_messages_is_dialled_again(
    make_outlet: MakeOutlet, sink: Sink, figures: Figures
) -> None:
    outlet = make_outlet(readers=READERS * 2)
    full = Say("421 4.7.0 enough for one connection", close=True)
    sink.rule = lambda h: full if h.command == "MAIL" and h.carried >= 20 else None
    drains = run_out(outlet, 3, seconds=30)
    assert everyone_once(outlet, sink)
    assert outlet.doubted == set()
    figures("F9", limit="20 messages", drains=drains, connections=sink.commands["CONNECT"])


def test_f9_too_many_connections_are_fewer_by_themselves(
    make_outlet: MakeOutlet, sink: Sink, figures: Figures
) -> None:
    outlet = make_outlet(readers=400)
    crowded = Say("421 4.7.0 too many connections", close=True)
    refused = Counter[bool]()

    def rule(heard: Heard) -> Say | None:
        full = heard.open > 2
        refused[full] += heard.command == "CONNECT"
        return crowded if heard.command == "CONNECT" and full else None

    sink.rule = rule
    drains = run_out(outlet, 5, seconds=30)
    assert everyone_once(outlet, sink)
    assert outlet.doubted == set()
    assert drains == 1
    assert 1 <= refused[True] <= 4  # they are fewer now: it does not knock again and again
    figures("F9", limit="2 connections", drains=drains, refused=refused[True])


def test_f9_connections_are_as_many_again_when_the_server_bears_them(
    make_outlet: MakeOutlet, sink: Sink, figures: Figures
) -> None:
    outlet, most, refused = make_outlet(readers=400), 0, 0
    crowded = Say("421 4.7.0 too many connections", close=True)

    def rule(heard: Heard) -> Say | None:
        nonlocal most, refused
        busy = sum(sink.counts.values()) < 100
        if heard.command == "CONNECT" and busy and heard.open > 2:
            refused += 1
            return crowded
        most = 0 if busy else max(most, heard.open)
        return Say(delay=0.005) if heard.command == "DOT" else None

    sink.rule = rule
    finish(Orders(outlet.folder, times=100))  # a connection more every ten seconds
    assert everyone_once(outlet, sink)
    assert refused
    assert most == outlet.connections
    figures("F9", limit="2 connections, then none", most_open=most)


def test_f10_a_connection_that_is_never_greeted_stops_no_other(
    make_outlet: MakeOutlet, sink: Sink, figures: Figures
) -> None:
    outlet = make_outlet(readers=READERS)
    stuck = Say(SILENCE)
    sink.rule = lambda h: stuck if h.command == "EHLO" and sink.commands["EHLO"] == 1 else None
    finish(Orders(outlet.folder, at=(timedelta(), SOON), times=100), seconds=20)
    assert everyone_once(outlet, sink)
    assert sink.most_open <= outlet.connections
    figures("F10", how="EHLO unanswered", copies=0)


def test_f10_a_reader_of_one_byte_a_second_ends_within_ten_minutes(
    make_outlet: MakeOutlet, sink: Sink, figures: Figures
) -> None:
    with proxied(Proxy(sink.port, slow_up=300, slow_after=2000)) as proxy:
        outlet = make_outlet(readers=2, connections=1, port=proxy.port)
        finish(Orders(outlet.folder, times=300), seconds=20)
    assert not sink.counts
    numbers = outlet.numbers
    assert (numbers.open, numbers.uncertain) == (1, 1)
    assert sink.most_open == 1
    figures("F10", how="one byte a second", uncertain=1)
