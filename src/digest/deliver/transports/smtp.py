"""Speak SMTP to the relay, one message at a time: for tests, notices and confirmations."""

import socket
import ssl
from dataclasses import replace
from email.utils import parseaddr

from digest.deliver.headers import ascii_domain
from digest.deliver.lanes import Event, Outcome
from digest.deliver.smtp.dial import DEFAULT_PATIENCE, Dialler, Patience
from digest.deliver.smtp.dialogue import Dialogue
from digest.deliver.transports.base import check_fit
from digest.errors import TransportDown
from digest.model import Message, Receipt
from digest.settings.tables import Mail, Smtp


class SmtpTransport:
    """One connection to the relay, opened when needed and kept for message after message."""

    def __init__(
        self,
        relay: Smtp,
        hello: str,
        patience: Patience = DEFAULT_PATIENCE,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.dialler = Dialler(relay, hello, patience, context)
        self._link: tuple[socket.socket, Dialogue] | None = None

    def send(self, message: Message) -> Receipt:
        """Hand one message to the relay and wait for its verdict.

        Servers close connections that idled or carried their share. So a used one that is gone
        is replaced once; when a fresh one is gone, the relay is down.
        """
        check_fit(message)
        safe = message._replace(parts=(_stuffed(message.content),))
        used = self._link is not None
        outcome = self._carried(safe)
        gone = isinstance(outcome, TransportDown) and not (outcome.lasting or outcome.uncertain)
        if used and gone:
            outcome = self._carried(safe)
        if isinstance(outcome, str):
            return Receipt(outcome)
        raise outcome

    def close(self) -> None:
        """Say goodbye and let the connection go."""
        link, self._link = self._link, None
        if link is None:
            return
        sock, dialogue = link
        dialogue.quit()
        try:
            sock.settimeout(5)
            sock.sendall(b"".join(dialogue.pending))
        except OSError:
            pass
        sock.close()

    def _carried(self, message: Message) -> Outcome:
        """Carry one message over the connection; without one that works, over a new one."""
        if self._link is None:
            sock, offers = self.dialler.call()
            # Each command waits for its reply: one message gains nothing from pipelining.
            self._link = sock, Dialogue(replace(offers, pipelining=False))
        sock, dialogue = self._link
        try:
            events = dialogue.offer(1, message)
            while not any(event.outcome is not None for event in events):
                if events:
                    dialogue.go()
                events = self._exchanged(sock, dialogue)
            self._exchanged_rest(sock, dialogue)
        except BaseException:
            # Whatever stopped us mid-message, the next one must not continue it.
            self._drop()
            raise
        if dialogue.ended:
            self._drop()
        return next(event.outcome for event in events if event.outcome is not None)

    def _exchanged(self, sock: socket.socket, dialogue: Dialogue) -> list[Event]:
        """Say what is to be said and hear what comes."""
        patience = self.dialler.patience
        try:
            sock.settimeout(patience.command)
            while dialogue.pending:
                dialogue.written(sock.send(dialogue.pending[0]))
            sock.settimeout(patience.verdict if dialogue.dotted else patience.command)
            data = sock.recv(1 << 16)
        except OSError as exc:
            return dialogue.lose(str(exc) or type(exc).__name__)
        return dialogue.receive(data) if data else dialogue.lose("the server closed it")

    def _exchanged_rest(self, sock: socket.socket, dialogue: Dialogue) -> None:
        while not (dialogue.idle or dialogue.ended):
            self._exchanged(sock, dialogue)

    def _drop(self) -> None:
        """Cut the connection without a word: no QUIT may end up inside a message."""
        link, self._link = self._link, None
        if link is not None:
            link[0].close()


def open_smtp(mail: Mail) -> SmtpTransport:
    """Return a transport for the relay of the settings; it says EHLO with the sender's domain."""
    return SmtpTransport(mail.smtp, dialler(mail).hello)


def dialler(mail: Mail) -> Dialler:
    """Return who calls the relay of the settings."""
    domain = parseaddr(mail.from_)[1].rpartition("@")[2]
    return Dialler(mail.smtp, ascii_domain(domain))


def _stuffed(content: bytes) -> bytes:
    if b"\r\n." in content or content.startswith(b"."):
        return (b"\r\n" + content).replace(b"\r\n.", b"\r\n..")[2:]
    return content
