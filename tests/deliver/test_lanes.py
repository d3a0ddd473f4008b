"""Lanes over transports that take one message at a time."""

import time
from collections.abc import Iterator

import pytest

from digest.deliver.lanes import Event, Loop, PlainLanes
from digest.deliver.transports.memory import MemoryTransport
from digest.errors import ConfigError, DeliveryError, TransportDown
from digest.model import Message
from tests.deliver.make import a_message


@pytest.fixture
def loop() -> Iterator[Loop]:
    made = Loop()
    yield made
    made.close()


def heard(loop: Loop, lanes: PlainLanes) -> list[Event]:
    """Wait for word of a message."""
    end = time.monotonic() + 10
    while not lanes.events:
        assert time.monotonic() < end
        loop.run(0.1)
    events, lanes.events = lanes.events, []
    return events


def test_a_message_is_carried_only_once_it_may_go(loop: Loop) -> None:
    transport = MemoryTransport()
    lanes = PlainLanes(loop, lambda: transport, 2)
    assert lanes.room(9) == 2
    lanes.offer(7, a_message())
    assert heard(loop, lanes) == [Event(7)]
    assert transport.messages == []
    lanes.go(7)
    assert heard(loop, lanes) == [Event(7, "kept in memory")]
    assert (transport.messages, lanes.room(9)) == ([a_message()], 2)


def test_what_is_dropped_is_never_carried_and_its_place_is_free(loop: Loop) -> None:
    transport = MemoryTransport()
    lanes = PlainLanes(loop, lambda: transport, 1)
    lanes.offer(1, a_message())
    heard(loop, lanes)
    lanes.drop(1)
    assert lanes.room(9) == 1
    lanes.offer(2, a_message())
    assert heard(loop, lanes) == [Event(2)]
    assert transport.messages == []


@pytest.mark.parametrize("error", [DeliveryError("550 no", permanent=True), TransportDown("gone")])
def test_errors_are_outcomes_and_a_transport_that_is_down_ends_it(
    loop: Loop, error: DeliveryError | TransportDown
) -> None:
    def answer(_: Message) -> None:
        raise error

    lanes = PlainLanes(loop, lambda: MemoryTransport(answer), 1)
    lanes.offer(1, a_message())
    heard(loop, lanes)
    lanes.go(1)
    assert heard(loop, lanes) == [Event(1, error)]
    assert lanes.room(9) == (1 if isinstance(error, DeliveryError) else 0)


def test_a_bug_in_a_transport_is_loud_and_not_a_hang(loop: Loop) -> None:
    def answer(_: Message) -> None:
        raise ZeroDivisionError

    lanes = PlainLanes(loop, lambda: MemoryTransport(answer), 1)
    lanes.offer(1, a_message())
    heard(loop, lanes)
    lanes.go(1)
    with pytest.raises(ZeroDivisionError):
        heard(loop, lanes)


def test_what_cannot_be_opened_is_known_before_anything_is_fenced(loop: Loop) -> None:
    def refuse() -> MemoryTransport:
        raise ConfigError("needs the extra")

    lanes = PlainLanes(loop, refuse, 1)
    with pytest.raises(ConfigError, match="extra"):
        lanes.offer(1, a_message())
    assert lanes.room(9) == 1
