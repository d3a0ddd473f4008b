"""A fast SMTP server that counts, remembers what it took, and answers as a rule tells it to."""

import asyncio
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

DROP = "DROP"  #: as a reply: cut the line; at DOT the message was taken before
LOSE = "LOSE"  #: as a reply at DOT: cut the line, the message was not taken
SILENCE = "SILENCE"  #: as a reply: none, ever; at DOT the message was taken before
_ADDRESS = re.compile(rb"<([^>]*)>")
_ID = re.compile(rb"\r\nMessage-ID: (\S+)\r\n", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Heard:
    """What a client just said."""

    command: str  #: CONNECT EHLO AUTH MAIL RCPT DATA DOT RSET NOOP QUIT
    recipient: str  #: from RCPT on
    attempt: int  #: how often this command came for this recipient, from 1
    carried: int  #: messages this connection has carried before
    open: int  #: connections open now, this one included
    line: str = ""
    sender: str = ""  #: from MAIL on


@dataclass(frozen=True, slots=True)
class Say:
    """A reply other than the usual one, or the usual one late."""

    reply: str = ""
    delay: float = 0.0
    close: bool = False  #: and hang up


Rule = Callable[[Heard], Say | None]


@dataclass(frozen=True, slots=True)
class Taken:
    """One accepted message."""

    sender: str
    recipient: str
    content: bytes  #: as on the wire, dots unstuffed
    message_id: str


@dataclass
class Sink:
    """What a server got, and how it answers."""

    rule: Rule | None = None
    pipelining: bool = True
    extensions: tuple[str, ...] = ("SIZE 100000000", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES")
    keep: bool = True  #: remember the bytes, not only the numbers
    wire: bool = False  #: remember every byte of every connection
    host: str = "127.0.0.1"
    port: int = 0
    counts: Counter[str] = field(default_factory=Counter)  #: accepted messages by recipient
    commands: Counter[str] = field(default_factory=Counter)
    taken: list[Taken] = field(default_factory=list)
    spoken: list[bytearray] = field(default_factory=list)  #: with `wire`: by connection
    impatient: int = 0  #: commands sent ahead of a reply though it was not offered
    most_open: int = 0
    _tries: Counter[tuple[str, str]] = field(default_factory=Counter)
    _sessions: set["_Session"] = field(default_factory=set)
    _loop: asyncio.AbstractEventLoop | None = None

    def forget(self) -> None:
        """Start to count from nothing, under no rule."""
        self.rule = None
        for memory in (self.counts, self.commands, self.taken, self.spoken, self._tries):
            memory.clear()
        self.impatient = self.most_open = 0

    def cut_all(self) -> None:
        """Close every open connection."""
        assert self._loop
        for session in list(self._sessions):
            self._loop.call_soon_threadsafe(session.cut)

    def hear(self, command: str, session: "_Session", line: str = "") -> Say | None:
        recipient = session.recipient
        self.commands[command] += 1
        self._tries[command, recipient] += 1
        if self.rule is None:
            return None
        attempt = self._tries[command, recipient]
        known = (session.carried, len(self._sessions), line, session.sender)
        return self.rule(Heard(command, recipient, attempt, *known))

    def take(self, session: "_Session", content: bytes) -> None:
        self.counts[session.recipient] += 1
        if not self.keep:
            return
        found = _ID.search(content[: content.find(b"\r\n\r\n") + 2])
        message_id = found[1].decode() if found else ""
        self.taken.append(Taken(session.sender, session.recipient, content, message_id))


class _Session(asyncio.Protocol):
    """One connection; replies keep their order, a late one holds up what follows.

    Replies to what came together leave together (RFC 2920 3.2): so runs are alike.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._heard = bytearray()
        self._said = bytearray()  #: replies to be written
        self._waiting = self._in_body = False
        self.sender = self.recipient = ""
        self.carried = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._sink._sessions.add(self)
        self._sink.most_open = max(self._sink.most_open, len(self._sink._sessions))
        if self._sink.wire:
            self._spoken = bytearray()
            self._sink.spoken.append(self._spoken)
        self._answer("CONNECT", "220 sink.example ESMTP")
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self._sink._sessions.discard(self)

    def data_received(self, data: bytes) -> None:
        if self._sink.wire:
            self._spoken += data
        self._heard += data
        self._read()
        self._flush()

    def cut(self) -> None:
        self._flush()
        self._transport.abort()

    def _flush(self) -> None:
        if self._said:
            self._transport.write(bytes(self._said))
            self._said.clear()

    def _read(self) -> None:
        while not self._waiting and not self._transport.is_closing():
            if self._in_body:
                if not self._read_body():
                    return
                continue
            line, end, rest = self._heard.partition(b"\r\n")
            if not end:
                return
            if rest and not self._sink.pipelining:
                self._sink.impatient += 1
            self._heard = rest
            self._command(bytes(line))

    def _read_body(self) -> bool:
        """Take the body when its dot has come."""
        if self._heard.startswith(b".\r\n"):
            end, after = 0, 3
        else:
            end = self._heard.find(b"\r\n.\r\n")
            if end < 0:
                return False
            after, end = end + 5, end + 2
        content = bytes(self._heard[:end]).replace(b"\r\n..", b"\r\n.")
        del self._heard[:after]
        self._in_body = False
        said = self._sink.hear("DOT", self)
        if said is None or said.reply in ("", DROP, SILENCE) or said.reply[0] == "2":
            self._sink.take(self, content)
            self.carried += 1
        self._say(said, "250 2.0.0 taken")
        return True

    def _command(self, line: bytes) -> None:
        word = line.split(b" ")[0].split(b":")[0].upper().decode("ascii", "replace")
        address = _ADDRESS.search(line)
        if word == "MAIL":
            self.sender, self.recipient = address[1].decode() if address else "", ""
        if word == "RCPT":
            self.recipient = address[1].decode() if address else ""
        usual = {"EHLO": self._hello(), "DATA": "354 go on", "QUIT": "221 bye"}
        if word not in {"EHLO", "AUTH", "MAIL", "RCPT", "DATA", "RSET", "NOOP", "QUIT"}:
            self._answer("OTHER", "500 5.5.2 what?", line.decode("utf-8", "replace"))
            return
        reply = "235 2.7.0 welcome" if word == "AUTH" else usual.get(word, "250 2.0.0 ok")
        if word == "DATA" and not self.recipient:
            reply = "503 5.5.1 nobody named"
        said = self._answer(word, reply, line.decode("utf-8", "replace"))
        if word == "RCPT" and said.startswith(("4", "5")):
            self.recipient = ""
        self._in_body = word == "DATA" and said.startswith("354")
        if word == "QUIT":
            self._flush()
            self._transport.close()

    def _hello(self) -> str:
        offered = [*self._sink.extensions, *(["PIPELINING"] if self._sink.pipelining else [])]
        lines = ["sink.example", *offered]
        return "\r\n".join([*(f"250-{text}" for text in lines[:-1]), f"250 {lines[-1]}"])

    def _answer(self, command: str, usual: str, line: str = "") -> str:
        return self._say(self._sink.hear(command, self, line), usual)

    def _say(self, said: Say | None, usual: str) -> str:
        """Answer, now or late; return the reply."""
        reply = said.reply or usual if said else usual
        if said and said.delay:
            self._waiting = True
            asyncio.get_running_loop().call_later(said.delay, self._go_on, reply, said.close)
        else:
            self._write(reply, close=bool(said and said.close))
        return reply

    def _go_on(self, reply: str, close: bool) -> None:
        self._waiting = False
        self._write(reply, close=close)
        self._read()
        self._flush()

    def _write(self, reply: str, *, close: bool) -> None:
        if reply in (DROP, LOSE):
            self.cut()
        elif reply == SILENCE:
            self._waiting = True
        elif not self._transport.is_closing():
            self._said += reply.encode() + b"\r\n"
            if close:
                self._flush()
                self._transport.close()


@contextmanager
def running(sink: Sink) -> Iterator[Sink]:
    """Serve `sink` on a free port, or on `sink.port`, until the block ends."""
    loop = asyncio.new_event_loop()
    sink._loop = loop
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    serve = loop.create_server(lambda: _Session(sink), sink.host, sink.port, backlog=500)
    server = asyncio.run_coroutine_threadsafe(serve, loop).result(10)
    sink.port = server.sockets[0].getsockname()[1]
    try:
        yield sink
    finally:
        asyncio.run_coroutine_threadsafe(_stop(sink, server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _stop(sink: Sink, server: asyncio.Server) -> None:
    server.close()
    while sink._sessions:
        for session in list(sink._sessions):
            session.cut()
        await asyncio.sleep(0.005)
