"""What is said on one SMTP connection after the login: bytes in, bytes and events out, no socket.

Where the server offers PIPELINING (RFC 2920) the body of one message and the announcement of the
next leave together, so a message costs one round trip; elsewhere every command waits for its reply.
"""

import re
from collections import deque
from dataclasses import dataclass
from enum import Enum, auto

from digest.deliver.lanes import Event
from digest.errors import DeliveryError, TransportDown
from digest.model import Message

_LOGIN_REFUSED = frozenset({530, 534, 535, 538})  #: a login it did not get or accept (RFC 4954 6)
_CLOSING = 421  #: the server is about to close the connection (RFC 5321 3.8)
_LEAVING = _LOGIN_REFUSED | {_CLOSING}
_TOO_LARGE = 552  #: said of the SIZE in MAIL FROM (RFC 1870 6.1)
_LONGEST = 1 << 16  #: bytes of an unfinished reply
#: The usual: a message taken, the next one's sender, reader and DATA accepted.
_SMOOTH = re.compile(rb"(250(?: [!-~]+)*)\r\n250 [^\n]*\n25[01] [^\n]*\n354[^\n]*\n")
_REPLY = re.compile(rb"(?:(\d{3})-[^\n]*\n)*(\d{3})(?:[ \t]([^\n]*))?\r?\n")


class Step(Enum):
    """What a reply is awaited to."""

    MAIL = auto()
    RCPT = auto()
    DATA = auto()
    DOT = auto()
    REST = auto()  #: a RSET, or the dot after a body nobody is to get


_ANNOUNCED = (Step.MAIL, Step.RCPT, Step.DATA)
_USUAL = deque((Step.DOT, *_ANNOUNCED))
_FINE = {Step.MAIL: (250,), Step.RCPT: (250, 251), Step.DATA: (354,)}


@dataclass(frozen=True, slots=True)
class Offers:
    """What the server said it can, in answer to EHLO."""

    pipelining: bool = False
    size: bool = False
    smtputf8: bool = False


class Dialogue:
    """One connection: at most one body under way, and one message announced behind it."""

    def __init__(self, offers: Offers) -> None:
        self.pending: list[bytes | memoryview] = []  #: what is to be written
        self.taken = 0  #: messages the server took
        self.ended: TransportDown | None = None  #: why nothing more can be said, if so
        self._offers = offers
        self._input = b""
        self._awaited: deque[Step] = deque()
        self._unsaid: deque[tuple[Step, bytes]] = deque()
        self._next: tuple[int, Message] | None = None  #: announced, its body not sent
        self._size = 0  #: of the announced one
        self._refusal: DeliveryError | None = None  #: of the announced one
        self._named = False  #: the server knows the announced one's reader
        self._body = 0  #: the message whose body is under way; 0: none
        self._total = 0  #: bytes put into `pending` so far
        self._gone = 0  #: of those, written
        self._dot = 0  #: of those, up to the dot of the body under way

    @property
    def free(self) -> bool:
        """Say whether a message may be announced."""
        waits = self._awaited and not self._offers.pipelining
        return not (self.ended or self._next or waits)

    @property
    def idle(self) -> bool:
        """Say whether nothing is under way."""
        return not (self._next or self._body or self._awaited)

    @property
    def dotted(self) -> bool:
        """Say whether a final dot has left whose reply is awaited."""
        return bool(self._body) and self._gone > self._dot

    def offer(self, number: int, message: Message) -> list[Event]:
        """Announce a message whose content is dot-safe; it is refused here without SMTPUTF8."""
        plain = message.recipient.isascii() and message.sender.isascii()
        if not plain and not self._offers.smtputf8:
            problem = "the server does not offer SMTPUTF8, which this address needs"
            return [Event(number, DeliveryError(problem, permanent=True))]
        self._size = message.size
        size = f" SIZE={self._size}" if self._offers.size else ""
        beyond = "" if plain else " SMTPUTF8 BODY=8BITMIME"
        self._next, self._refusal, self._named = (number, message), None, False
        mail = f"MAIL FROM:<{message.sender}>{size}{beyond}\r\n"
        reader = f"RCPT TO:<{message.recipient}>\r\n"
        if self._offers.pipelining and not self._unsaid:
            self._awaited.extend(_ANNOUNCED)
            self._put(f"{mail}{reader}DATA\r\n".encode())
            return []
        lines = (mail.encode(), reader.encode(), b"DATA\r\n")
        self._unsaid.extend(zip(_ANNOUNCED, lines, strict=True))
        self._say()
        return []

    def go(self) -> None:
        """Let the body and the dot of the announced message leave: it was fenced."""
        if self._next is None or self._awaited:
            raise ValueError("no message is ready")
        self._body, message = self._next
        self._next, self._dot = None, self._total + self._size
        self.pending += message.parts
        self._total = self._dot
        self._put(b".\r\n")
        self._awaited.append(Step.DOT)

    def quit(self) -> None:
        """Say goodbye, if nothing is under way."""
        if self.idle and not self.ended:
            self._put(b"QUIT\r\n")

    def written(self, count: int) -> None:
        """Take note that so many bytes have left."""
        self._gone += count
        if self._gone == self._total:  # nearly always
            self.pending.clear()
            return
        while count:
            first = self.pending[0]
            if count < len(first):
                self.pending[0] = memoryview(first)[count:]
                return
            count -= len(first)
            del self.pending[0]

    def receive(self, data: bytes) -> list[Event]:
        """Read what came; return what it means for the messages."""
        if not self._input and self._awaited == _USUAL and (found := _SMOOTH.fullmatch(data)):
            return self._went_well(found[1].decode())
        self._input += data
        events: list[Event] = []
        while self._input and not self.ended:
            found = _REPLY.match(self._input)
            if found is None:
                if len(self._input) > _LONGEST or _nonsense(self._input):
                    events += self._answer(0, self._input)
                break
            self._input = self._input[found.end() :]
            events += self._answer(int(found[2]), found[0])
        self._say()
        return events

    def lose(self, reason: str) -> list[Event]:
        """End it because the connection broke or the server is silent."""
        if self.dotted:  # without an answer to the dot, nobody knows (RFC 1047)
            return self._end(TransportDown(f"no answer to the final dot: {reason}", uncertain=True))
        return self._end(TransportDown(f"the connection broke: {reason}"))

    def _went_well(self, said: str) -> list[Event]:
        assert self._next is not None
        number, self._body, self._named = self._body, 0, True
        self.taken += 1
        self._awaited.clear()
        return [Event(number, said), Event(self._next[0])]

    def _say(self) -> None:
        while self._unsaid and (self._offers.pipelining or not self._awaited):
            step, line = self._unsaid.popleft()
            self._awaited.append(step)
            self._put(line)

    def _put(self, line: bytes) -> None:
        self.pending.append(line)
        self._total += len(line)

    def _answer(self, code: int, reply: bytes) -> list[Event]:
        step = self._awaited.popleft() if self._awaited else None
        if code // 100 not in (2, 4, 5) and step is Step.DOT:
            problem = f"no valid answer to the final dot: {_said(code, reply)}"
            return self._end(TransportDown(problem, uncertain=True))
        if code in _LEAVING or step is None or code < 200:
            return self._end(TransportDown(_said(code, reply), lasting=code in _LOGIN_REFUSED))
        if step is Step.DOT:
            return [self._verdict(code, _said(code, reply))]
        return [] if step is Step.REST else self._announced(step, code, reply)

    def _verdict(self, code: int, said: str) -> Event:
        number, self._body = self._body, 0
        if code >= 400:
            return Event(number, DeliveryError(said, permanent=code >= 500, code=code))
        self.taken += 1
        return Event(number, said)

    def _announced(self, step: Step, code: int, reply: bytes) -> list[Event]:
        """Go on with the announced message, or keep its first refusal until all is answered."""
        if self._next is None:
            return []
        number, message = self._next
        fine = code in _FINE[step]
        self._named = self._named or (fine and step is Step.RCPT)
        if fine and self._refusal is None:
            return [Event(number)] if step is Step.DATA else []
        if self._refusal is None:
            said = _said(code, reply)
            about_it = code == _TOO_LARGE or not message.recipient.isascii()
            if code < 400:
                return self._end(TransportDown(said))
            if step is Step.MAIL and code >= 500 and not about_it:
                problem = f"refused before any reader was named: {said}"
                return self._end(TransportDown(problem, lasting=True))
            self._refusal = DeliveryError(said, permanent=code >= 500, code=code)
        if self._offers.pipelining and step is not Step.DATA:
            return []
        if code == 354 and self._named:  # a dot would mail an empty message
            return self._end(TransportDown("the server wants a body after a refusal"))
        refusal, self._next = self._refusal, None
        self._unsaid.clear()
        # DATA without a reader still ends with a dot (RFC 2920 3.1); else the sender is forgotten.
        self._unsaid.append((Step.REST, b".\r\n" if code == 354 else b"RSET\r\n"))
        return [Event(number, refusal)]

    def _end(self, error: TransportDown) -> list[Event]:
        """Say nothing more; what was only announced was not taken for certain."""
        self.ended = error
        self.pending.clear()
        self._unsaid.clear()
        events = [Event(self._body, error)] if self._body else []
        if self._next is not None:
            events.append(Event(self._next[0], TransportDown(str(error), lasting=error.lasting)))
        self._body, self._next = 0, None
        return events


def _nonsense(data: bytes) -> bool:
    """Say whether a whole line came that is no reply."""
    line, end, _ = data.partition(b"\n")
    return bool(end) and not re.match(rb"\d{3}[ \t\r-]|\d{3}$", line)


def _said(code: int, reply: bytes) -> str:
    """Return a reply on one line, its code once."""
    lines = [line[4:] if code else line for line in reply.decode("utf-8", "replace").splitlines()]
    words = " ".join(" ".join(lines).split())
    return f"{code} {words}".strip()[:500] if code else words[:500]
