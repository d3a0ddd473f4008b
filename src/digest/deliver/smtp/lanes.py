"""Many connections to the relay at once, driven by one loop: as many as it bears."""

import math
import socket
import ssl
import threading
import time
from dataclasses import dataclass

from digest.deliver.lanes import Event, Loop
from digest.deliver.pacing import Width
from digest.deliver.smtp.dial import Dialler
from digest.deliver.smtp.dialogue import Dialogue, Offers
from digest.errors import TransportDown
from digest.model import Message

_MOST_BUFFERS = 256  #: given to the system in one write
_AGAIN = 1.0  #: seconds before the only connection is tried again
_LATER = (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError)


@dataclass(eq=False, slots=True)
class Lane:
    """One connection."""

    sock: socket.socket
    dialogue: Dialogue
    due: float = math.inf  #: when patience ends
    dotted: bool = False  #: its final dot has left
    full: bool = False  #: the system took no more; we are told when it does
    free: bool = True  #: among those that have room
    gone: bool = False


class SmtpLanes:
    """Connections opened as they are needed, replaced when the server ends them.

    Their number falls when the server wants fewer and rises again in time.
    """

    def __init__(self, loop: Loop, dialler: Dialler, most: int) -> None:
        self.events: list[Event] = []
        self.problem: TransportDown | None = None
        self._loop, self._dialler = loop, dialler
        self._width = Width(most)
        self._lanes: list[Lane] = []
        self._free: list[Lane] = []
        self._by_number: dict[int, Lane] = {}
        self._spoken: list[Lane] = []  #: with something to write
        self._dialling = 0
        self._not_before = 0.0  #: when to dial again
        self._proven = False  #: the relay has taken a message since the last trouble
        self._look_at = 0.0  #: when to look for silent ones
        self._closed = False

    def room(self, waiting: int) -> int:
        """Return how many messages may be offered now; dial when more wait."""
        now = time.monotonic()
        self._expire(now)
        if self.problem:
            return 0
        most = self._width.at(now)
        here = len(self._lanes) + self._dialling
        if now >= self._not_before and waiting > len(self._free) + self._dialling:
            for _ in range(min(most - here, waiting - len(self._free) - self._dialling)):
                self._dial()
        return len(self._free)

    def offer(self, number: int, message: Message) -> None:
        """Announce a message on a free connection."""
        lane = self._free.pop()
        lane.free = False
        self._by_number[number] = lane
        self._take(lane, lane.dialogue.offer(number, message))

    def go(self, number: int) -> None:
        """Let a body leave, and have room for the next announcement behind it."""
        lane = self._by_number[number]
        lane.dialogue.go()
        lane.dotted = False
        self._spoken.append(lane)
        if lane.dialogue.free:
            lane.free = True
            self._free.insert(0, lane)  # those with nothing under way come first

    def drop(self, number: int) -> None:
        """Cut the connection: ending the DATA would mail an empty message."""
        lane = self._by_number.pop(number)
        lane.dialogue.lose("dropped")
        self._remove(lane)

    def flush(self) -> None:
        """Write what is to be written, each connection in one go."""
        spoken, self._spoken = self._spoken, []
        due = time.monotonic() + self._dialler.patience.command
        for lane in spoken:
            if lane.dialogue.pending:
                lane.due = due
                self._write(lane)

    def close(self) -> None:
        """Say goodbye where nothing is under way, and cut the rest."""
        self._closed = True
        for lane in list(self._lanes):
            lane.dialogue.quit()
            self._write(lane)
            self._remove(lane)

    def _dial(self) -> None:
        self._dialling += 1
        threading.Thread(target=self._call, daemon=True).start()

    def _call(self) -> None:
        """Call the relay, in a thread of its own: it may take as long as it likes."""
        try:
            sock, offers = self._dialler.call()
        except TransportDown as error:
            failed = error
            self._loop.post(lambda: self._missed(failed))
        except BaseException as error:  # noqa: BLE001 - raised again by the loop
            self._loop.fail(error)
        else:
            self._loop.post(lambda: self._join(sock, offers))

    def _join(self, sock: socket.socket, offers: Offers) -> None:
        self._dialling -= 1
        if self._closed:
            sock.close()
            return
        sock.setblocking(False)
        lane = Lane(sock, Dialogue(offers))
        self._lanes.append(lane)
        self._free.append(lane)
        self._loop.watch(sock, lambda: self._hear(lane))

    def _missed(self, error: TransportDown) -> None:
        """Make do with fewer connections; without any, the relay is down."""
        self._dialling -= 1
        self._trouble(error)

    def _trouble(self, error: TransportDown) -> None:
        now = time.monotonic()
        if error.lasting:
            self.problem = self.problem or error
        elif self._lanes or self._dialling:
            self._width.narrow(len(self._lanes) + self._dialling, now)
        elif self._proven:
            self._proven, self._not_before = False, now + _AGAIN
            self._width.narrow(1, now)
        else:
            self.problem = self.problem or error

    def _hear(self, lane: Lane) -> None:
        if lane.full:
            self._write(lane)
        while not lane.gone:
            try:
                data = lane.sock.recv(1 << 16)
            except _LATER:
                return
            except OSError as exc:
                self._take(lane, lane.dialogue.lose(str(exc)))
                return
            if not data:
                self._take(lane, lane.dialogue.lose("the server closed it"))
                return
            self._take(lane, lane.dialogue.receive(data))
            if not isinstance(lane.sock, ssl.SSLSocket):  # which may hold more than was announced
                return

    def _take(self, lane: Lane, events: list[Event]) -> None:
        """Keep what happened; see whether the connection has room, or is gone."""
        for event in events:
            if event.outcome is not None:
                self._by_number.pop(event.id, None)
                self._proven = self._proven or isinstance(event.outcome, str)
        self.events += events
        ended = lane.dialogue.ended
        if ended is None:
            if lane.dialogue.pending:
                self._spoken.append(lane)
            if not lane.free and lane.dialogue.free:
                lane.free = True
                self._free.append(lane)
        elif not lane.gone:
            self._remove(lane)
            if ended.lasting or not lane.dialogue.taken:
                self._trouble(ended)

    def _write(self, lane: Lane) -> None:
        pending = lane.dialogue.pending
        try:
            while pending:
                if isinstance(lane.sock, ssl.SSLSocket):
                    if len(pending) > 1:  # each write is a record of its own
                        pending[:] = [b"".join(pending)]
                    sent = lane.sock.send(pending[0])
                else:
                    sent = lane.sock.sendmsg(pending[:_MOST_BUFFERS])
                lane.dialogue.written(sent)
        except _LATER:
            self._wait_for_room(lane, full=True)
        except OSError as exc:
            self._take(lane, lane.dialogue.lose(str(exc)))
        else:
            self._wait_for_room(lane, full=False)
        if lane.dialogue.dotted and not lane.dotted:
            lane.dotted, lane.due = True, time.monotonic() + self._dialler.patience.verdict

    def _wait_for_room(self, lane: Lane, *, full: bool) -> None:
        if full != lane.full and not lane.gone:
            lane.full = full
            self._loop.watch(lane.sock, lambda: self._hear(lane), write=full)

    def _expire(self, now: float) -> None:
        """End the connections whose server has been silent for too long."""
        if now < self._look_at:
            return
        self._look_at = now + 1
        for lane in [each for each in self._lanes if each.due < now]:
            if lane.dialogue.idle:
                lane.due = math.inf
            else:
                self._take(lane, lane.dialogue.lose("timed out"))

    def _remove(self, lane: Lane) -> None:
        lane.gone = True
        self._lanes.remove(lane)
        if lane.free:
            self._free.remove(lane)
        self._loop.forget(lane.sock)
        lane.sock.close()
