"""A real SMTP server for tests: counts what it takes, answers by script, drops the line on cue."""

import asyncio
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

FOREVER = 10**9
DROP = "DROP"  #: as a reply: cut the line; at BODY after the 354; at DOT the message was taken
LOSE = "LOSE"  #: as a reply at DOT: cut the line, the message was not taken


@dataclass(frozen=True, slots=True)
class Received:
    """One accepted message."""

    sender: str
    recipient: str
    content: bytes  #: as on the wire, dots unstuffed
    options: tuple[str, ...] = ()


@dataclass(slots=True)
class _Cue:
    command: str
    reply: str
    recipient: str
    times: int
    delay: float


@dataclass
class Sink:
    """What a server got, and what it shall say."""

    starttls: ssl.SSLContext | None = None
    tls: ssl.SSLContext | None = None  #: TLS from the first byte
    password: str = ""  #: when set, only user "digest" with it may send
    smtputf8: bool = True
    pipelining: bool = True
    host: str = "127.0.0.1"
    port: int = 0
    received: list[Received] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)  #: accepted messages by recipient
    commands: Counter[str] = field(
        default_factory=Counter
    )  #: CONNECT, EHLO, MAIL, RCPT, DATA, DOT …
    _cues: list[_Cue] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _sessions: list["_Conversation"] = field(default_factory=list)

    def script(
        self, command: str, reply: str, recipient: str = "", *, times: int = 1, delay: float = 0
    ) -> None:
        """Answer `command` (CONNECT EHLO MAIL RCPT DATA BODY DOT) with `reply`, `times` often.

        `recipient` limits it to one address, from RCPT on. An empty reply is the usual one,
        only late.
        """
        with self._lock:
            self._cues.append(_Cue(command, reply, recipient, times, delay))

    def cut_all(self) -> None:
        """Close every open connection, as a server does that was idle for too long."""
        for session in list(self._sessions):
            session.loop.call_soon_threadsafe(session.cut)

    @property
    def connections(self) -> int:
        """Return how often somebody connected."""
        return self.commands["CONNECT"]

    def next_cue(self, command: str, recipients: list[str]) -> _Cue | None:
        with self._lock:
            self.commands[command] += 1
            for cue in self._cues:
                meant = not cue.recipient or cue.recipient in recipients
                if cue.command == command and meant and cue.times > 0:
                    cue.times -= 1
                    return cue
        return None

    def take(self, envelope: Envelope) -> None:
        content = envelope.original_content or b""
        with self._lock:
            for recipient in envelope.rcpt_tos:
                options = tuple(envelope.mail_options)
                self.received.append(
                    Received(envelope.mail_from or "", recipient, content, options)
                )
                self.counts[recipient] += 1


class _Conversation(SMTP):
    """aiosmtpd with a cue before each answer."""

    def __init__(self, sink: Sink, loop: asyncio.AbstractEventLoop) -> None:
        self._sink = sink
        super().__init__(
            _Handler(sink),
            loop=loop,
            hostname="sink.example",
            enable_SMTPUTF8=sink.smtputf8,
            tls_context=sink.starttls,
            auth_require_tls=False,
            authenticator=self._check_login,
        )

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if self not in self._sink._sessions:
            self._sink._sessions.append(self)

    def connection_lost(self, error: Exception | None) -> None:
        if self in self._sink._sessions:
            self._sink._sessions.remove(self)
        super().connection_lost(error)

    def cut(self) -> None:
        # Python 3.11.2's TLS transport cannot be aborted once it is closed.
        if isinstance(self.transport, asyncio.WriteTransport) and not self.transport.is_closing():
            self.transport.abort()

    async def push(self, status: Any) -> None:
        greeting = isinstance(status, str) and status.startswith("220 sink.example")
        cue = self._sink.next_cue("CONNECT", []) if greeting else None
        await super().push(await self._answer(cue) or status)

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802
        await self._unless_cued("EHLO", partial(super().smtp_EHLO, hostname))

    async def smtp_MAIL(self, arg: str) -> None:  # noqa: N802
        if self._sink.password and not (self.session and self.session.authenticated):
            await self.push("530 5.7.0 Authentication required")
            return
        await self._unless_cued("MAIL", partial(super().smtp_MAIL, arg))

    async def smtp_RCPT(self, arg: str) -> None:  # noqa: N802
        address = arg.partition("<")[2].partition(">")[0]
        await self._unless_cued("RCPT", partial(super().smtp_RCPT, arg), [address])

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        recipients = list(self.envelope.rcpt_tos) if self.envelope else []
        await self._unless_cued("DATA", partial(self._read_body, arg, recipients), recipients)

    async def _read_body(self, arg: str, recipients: list[str]) -> None:
        cue = self._sink.next_cue("BODY", recipients)
        if cue is None:
            await super().smtp_DATA(arg)
            return
        await super().push("354 go on")
        await self._answer(cue)

    async def smtp_RSET(self, arg: str) -> None:  # noqa: N802
        self._sink.next_cue("RSET", [])
        await super().smtp_RSET(arg)

    async def _unless_cued(
        self, command: str, usual: Callable[[], Any], recipients: list[str] | None = None
    ) -> None:
        cue = self._sink.next_cue(command, recipients or [])
        reply = await self._answer(cue)
        if not reply:
            await usual()
        elif not self._closing():
            await super().push(reply)

    async def _answer(self, cue: _Cue | None) -> str:
        if cue is None:
            return ""
        if cue.delay:
            await asyncio.sleep(cue.delay)
        if cue.reply in (DROP, LOSE):
            self.cut()
        return cue.reply

    def _closing(self) -> bool:
        return self.transport is None or self.transport.is_closing()

    def _check_login(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, login: Any
    ) -> AuthResult:
        self._sink.next_cue("AUTH", [])
        good = (login.login, login.password) == (b"digest", self._sink.password.encode())
        return AuthResult(success=good, handled=False)


class _Handler:
    """Take messages, unless a cue says otherwise."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    async def handle_EHLO(  # noqa: N802
        self,
        server: _Conversation,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        session.host_name = hostname
        return (
            [*responses[:-1], "250-PIPELINING", responses[-1]]
            if self._sink.pipelining
            else responses
        )

    async def handle_DATA(  # noqa: N802
        self, server: _Conversation, session: Session, envelope: Envelope
    ) -> str:
        cue = self._sink.next_cue("DOT", envelope.rcpt_tos)
        taken = cue is None or cue.reply in ("", DROP) or cue.reply.startswith("2")
        if taken:
            self._sink.take(envelope)
        return await server._answer(cue) or "250 2.0.0 taken"


@contextmanager
def running(sink: Sink) -> Iterator[Sink]:
    """Serve `sink` on a free port, or on `sink.port`, until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    serve = loop.create_server(
        lambda: _Conversation(sink, loop), sink.host, sink.port, ssl=sink.tls
    )
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
    end = time.monotonic() + 5
    while sink._sessions and time.monotonic() < end:
        for session in list(sink._sessions):
            session.cut()
        await asyncio.sleep(0.01)
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
