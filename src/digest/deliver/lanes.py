"""What many messages at once need: lanes to carry them, and the events that come back."""

import queue
import selectors
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, Protocol

from digest.errors import DeliveryError, TransportDown
from digest.model import Message

if TYPE_CHECKING:
    from digest.deliver.transports.base import Transport

#: What became of an offered message: the server's reply when it took it, or why it did not.
Outcome = str | DeliveryError | TransportDown


class Event(NamedTuple):
    """Word of one message: without an outcome, its body may leave once it is fenced."""

    id: int
    outcome: Outcome | None = None


class Lanes(Protocol):
    """Several ways out at once, driven by one thread.

    A message is offered, becomes ready, goes (only now may its final dot leave) or is dropped,
    and has an outcome. `events` is where word of it is put.
    """

    events: list[Event]
    problem: TransportDown | None  #: why nothing can be sent any more, if so

    def room(self, waiting: int) -> int:
        """Return how many messages may be offered now, when so many wait."""

    def offer(self, number: int, message: Message) -> None:
        """Announce a message; its content must be safe on the wire, as `deliver.message` makes."""

    def go(self, number: int) -> None:
        """Let the body of a ready message leave."""

    def drop(self, number: int) -> None:
        """Forget a ready message: no dot of it leaves."""

    def flush(self) -> None:
        """Write what was offered and let go since the last time."""

    def close(self) -> None:
        """End all connections; what is still under way is cut off."""


class Loop:
    """What happens on sockets and in other threads, one thing after the other."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._posted: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._near, self._far = socket.socketpair()
        self._near.setblocking(False)
        self.watch(self._near, self._wake)

    def watch(self, sock: socket.socket, call: Callable[[], None], *, write: bool = False) -> None:
        """Call `call` when there is something to read, with `write` also when there is room."""
        mask = selectors.EVENT_READ | (selectors.EVENT_WRITE if write else 0)
        if sock.fileno() in self._selector.get_map():
            self._selector.modify(sock, mask, call)
        else:
            self._selector.register(sock, mask, call)

    def forget(self, sock: socket.socket) -> None:
        """Watch a socket no longer."""
        if sock.fileno() in self._selector.get_map():
            self._selector.unregister(sock)

    def post(self, call: Callable[[], None]) -> None:
        """Have `call` run by the loop's thread, or here once the loop is closed."""
        self._posted.put(call)
        try:
            self._far.send(b"\0")
        except OSError:
            self._run_posted()

    def fail(self, error: BaseException) -> None:
        """Have the loop's thread raise what another did not expect: a bug must not hang it."""

        def again() -> None:
            raise error

        self.post(again)

    def run(self, seconds: float) -> None:
        """Wait at most so long for something to happen and see to all that did."""
        for key, _ in self._selector.select(max(0, seconds)):
            key.data()

    def close(self) -> None:
        """Let go of everything watched."""
        self._selector.close()
        self._far.close()
        self._near.close()
        self._run_posted()

    def _wake(self) -> None:
        self._near.recv(4096)
        self._run_posted()

    def _run_posted(self) -> None:
        with suppress(queue.Empty):
            while True:
                self._posted.get_nowait()()


class PlainLanes:
    """Lanes for a transport that takes one message at a time: a thread for each."""

    def __init__(self, loop: Loop, open_one: "Callable[[], Transport]", most: int) -> None:
        self.events: list[Event] = []
        self.problem: TransportDown | None = None
        self._loop, self._open = loop, open_one
        self._idle: list[Transport] = []
        self._left = most
        self._offered: dict[int, tuple[Transport, Message]] = {}

    def room(self, waiting: int) -> int:
        """Return how many threads are free."""
        return 0 if self.problem else min(waiting, self._left)

    def offer(self, number: int, message: Message) -> None:
        """Take a message; it is ready at once, because what carries it could be opened."""
        transport = self._idle.pop() if self._idle else self._open()
        self._left -= 1
        self._offered[number] = transport, message
        self._loop.post(lambda: self.events.append(Event(number)))

    def go(self, number: int) -> None:
        """Hand a message to a transport in a thread of its own."""
        transport, message = self._offered.pop(number)
        threading.Thread(target=self._send, args=(transport, number, message), daemon=True).start()

    def drop(self, number: int) -> None:
        """Forget a message."""
        self._idle.append(self._offered.pop(number)[0])
        self._left += 1

    def flush(self) -> None:
        """Do nothing: everything has left."""

    def close(self) -> None:
        """Close the transports."""
        for transport in self._idle:
            transport.close()

    def _send(self, transport: "Transport", number: int, message: Message) -> None:
        outcome: Outcome
        try:
            outcome = transport.send(message).reply
        except (DeliveryError, TransportDown) as error:
            outcome = error
        except BaseException as error:  # noqa: BLE001 - raised again by the loop
            self._loop.fail(error)
            return
        self._loop.post(lambda: self._back(transport, Event(number, outcome)))

    def _back(self, transport: "Transport", event: Event) -> None:
        self._idle.append(transport)
        self._left += 1
        self.events.append(event)
        if isinstance(event.outcome, TransportDown):
            self.problem = self.problem or event.outcome
