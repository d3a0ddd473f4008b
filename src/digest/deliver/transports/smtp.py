"""Speak SMTP to the relay: one connection, step by step, so that every failure has its meaning."""

import smtplib
import socket
import ssl
from dataclasses import dataclass
from email.utils import parseaddr
from typing import NoReturn

from digest.deliver.headers import ascii_domain
from digest.deliver.transports.base import check_fit
from digest.errors import DeliveryError, TransportDown
from digest.model import Message, Receipt
from digest.settings.tables import Mail, Smtp

#: Replies by which a server wants a login it did not get or accept (RFC 4954 6).
_LOGIN_REFUSED = frozenset({530, 534, 535, 538})
_CLOSING = 421  #: the server is about to close the connection (RFC 5321 3.8)
_TOO_LARGE = 552  #: said of the SIZE in MAIL FROM (RFC 1870 6.1)
_LINK_ERRORS = (OSError, smtplib.SMTPException)


@dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds to wait for the server."""

    connect: float = 30
    command: float = 120
    verdict: float = 600  #: after the final dot: less makes copies (RFC 5321 4.5.3.2.6)


DEFAULT_PATIENCE = Patience()


class SmtpTransport:
    """One connection to the relay, opened when needed and kept for message after message."""

    def __init__(
        self,
        relay: Smtp,
        hello: str,
        patience: Patience = DEFAULT_PATIENCE,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._relay = relay
        self._hello = hello
        self._patience = patience
        self._context = context
        self._link: smtplib.SMTP | None = None

    def send(self, message: Message) -> Receipt:
        """Hand one message to the relay and wait for its verdict."""
        check_fit(message)
        try:
            link = self._announced(message)
            self._expect(link, f"RCPT TO:<{message.recipient}>", 250, 251)
            self._expect(link, "DATA", 354)
            self._transfer(link, message.content)
            return Receipt(self._verdict(link))
        except DeliveryError:
            raise
        except BaseException:
            # Whatever stopped us mid-message, the next one must not continue it.
            self._drop()
            raise

    def close(self) -> None:
        """Say goodbye and let the connection go."""
        link, self._link = self._link, None
        if link is None:
            return
        try:
            _wait_at_most(link, 5)
            link.quit()
        except _LINK_ERRORS:
            link.close()

    def _announced(self, message: Message) -> smtplib.SMTP:
        """Return a connection whose server has taken MAIL FROM.

        Servers close connections that idled or carried their share. So a used one that is
        gone is replaced once; when a fresh one is gone, the relay is down.
        """
        if self._link is not None:
            try:
                return self._mail_from(self._link, message)
            except TransportDown as exc:
                self._drop()
                if exc.lasting:
                    raise
        self._link = self._connect()
        return self._mail_from(self._link, message)

    def _mail_from(self, link: smtplib.SMTP, message: Message) -> smtplib.SMTP:
        command = f"MAIL FROM:<{message.sender}>{_parameters(link, message)}"
        try:
            self._expect(link, command, 250)
        except DeliveryError as exc:
            about_it = exc.code == _TOO_LARGE or not message.recipient.isascii()
            if not exc.permanent or about_it:
                raise
            problem = f"refused before any reader was named: {exc}"
            raise TransportDown(problem, lasting=True) from exc
        return link

    def _transfer(self, link: smtplib.SMTP, content: bytes) -> None:
        """Send the body and the final dot, apart: when either fails to leave, nothing was taken."""
        if b"\r\n." in content or content.startswith(b"."):
            content = (b"\r\n" + content).replace(b"\r\n.", b"\r\n..")[2:]
        try:
            link.send(content)
            link.send(b".\r\n")
        except _LINK_ERRORS as exc:
            raise TransportDown(f"the connection broke mid-message: {_reason(exc)}") from exc

    def _verdict(self, link: smtplib.SMTP) -> str:
        """Wait for the answer to the final dot: without one, nobody knows (RFC 1047)."""
        try:
            _wait_at_most(link, self._patience.verdict)
            code, reply = link.getreply()
            _wait_at_most(link, self._patience.command)
        except _LINK_ERRORS as exc:
            problem = f"no answer to the final dot: {_reason(exc)}"
            raise TransportDown(problem, uncertain=True) from exc
        if code // 100 in (4, 5):
            self._refuse(link, code, reply)
        if code // 100 != 2:
            raise TransportDown(f"no valid answer to the final dot: {code}", uncertain=True)
        return _said(code, reply)

    def _expect(self, link: smtplib.SMTP, command: str, *codes: int) -> None:
        try:
            code, reply = link.docmd(command)
        except _LINK_ERRORS as exc:
            raise TransportDown(f"the connection broke: {_reason(exc)}") from exc
        if code not in codes:
            self._refuse(link, code, reply)

    def _refuse(self, link: smtplib.SMTP, code: int, reply: bytes) -> NoReturn:
        """Raise what a refusal means: for one message, or for all."""
        said = _said(code, reply)
        if code == _CLOSING or code in _LOGIN_REFUSED or code // 100 not in (4, 5):
            raise TransportDown(said, lasting=code in _LOGIN_REFUSED)
        try:
            link.docmd("RSET")
        except _LINK_ERRORS:
            self._drop()
        raise DeliveryError(said, permanent=code >= 500, code=code)

    def _drop(self) -> None:
        """Cut the connection without a word: no QUIT may end up inside a message."""
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _connect(self) -> smtplib.SMTP:
        where = f"{self._relay.host}:{self._relay.port}"
        try:
            link = self._greeted()
        except (*_LINK_ERRORS, UnicodeError) as exc:  # Unicode: a host name that cannot be one
            raise TransportDown(
                f"cannot connect to {where}: {_reason(exc)}", lasting=_is_final(exc)
            ) from exc
        try:
            self._secure(link)
            self._log_in(link)
        except _LINK_ERRORS as exc:
            link.close()
            raise TransportDown(
                f"cannot start with {where}: {_reason(exc)}", lasting=_is_final(exc)
            ) from exc
        except BaseException:
            link.close()
            raise
        return link

    def _greeted(self) -> smtplib.SMTP:
        relay, wait = self._relay, self._patience.connect
        if relay.security == "tls":
            context = self._tls()
            return smtplib.SMTP_SSL(
                relay.host, relay.port, self._hello, timeout=wait, context=context
            )
        return smtplib.SMTP(relay.host, relay.port, self._hello, timeout=wait)

    def _secure(self, link: smtplib.SMTP) -> None:
        """Say EHLO, under TLS if asked for; neither mail nor password goes out without it."""
        _hello(link)
        if self._relay.security == "starttls":
            if not link.has_extn("starttls"):
                raise TransportDown(f"{self._relay.host} does not offer STARTTLS; nothing is sent")
            link.starttls(context=self._tls())
            _hello(link)
        link.command_encoding = "utf-8"
        assert link.sock is not None
        # The dot leaves in a packet of its own and must not wait for the last one's receipt.
        link.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _wait_at_most(link, self._patience.command)

    def _log_in(self, link: smtplib.SMTP) -> None:
        if not self._relay.username:
            return
        try:
            link.login(self._relay.username, self._relay.password.get_secret_value())
        except smtplib.SMTPAuthenticationError as exc:
            raise TransportDown(
                f"login refused: {_reason(exc)}", lasting=exc.smtp_code // 100 == 5
            ) from exc
        except smtplib.SMTPNotSupportedError as exc:
            problem = f"{self._relay.host} does not offer a login we know"
            raise TransportDown(problem, lasting=True) from exc
        except UnicodeError as exc:
            problem = "user name and password must be ASCII"
            raise TransportDown(problem, lasting=True) from exc

    def _tls(self) -> ssl.SSLContext:
        return self._context or ssl.create_default_context()


def open_smtp(mail: Mail) -> SmtpTransport:
    """Return a transport for the relay of the settings; it says EHLO with the sender's domain."""
    domain = parseaddr(mail.from_)[1].rpartition("@")[2]
    return SmtpTransport(mail.smtp, ascii_domain(domain))


def _parameters(link: smtplib.SMTP, message: Message) -> str:
    """Return what MAIL FROM says beyond the address; raise DeliveryError without SMTPUTF8."""
    size = f" SIZE={len(message.content)}" if link.has_extn("size") else ""
    if message.recipient.isascii() and message.sender.isascii():
        return size
    if not link.has_extn("smtputf8"):
        problem = "the server does not offer SMTPUTF8, which this address needs"
        raise DeliveryError(problem, permanent=True)
    return f"{size} SMTPUTF8 BODY=8BITMIME"


def _hello(link: smtplib.SMTP) -> None:
    code, reply = link.ehlo()
    if code != 250:
        raise smtplib.SMTPHeloError(code, reply)


def _wait_at_most(link: smtplib.SMTP, seconds: float) -> None:
    if link.sock is not None:
        link.sock.settimeout(seconds)


def _said(code: int, reply: bytes) -> str:
    return f"{code} {' '.join(reply.decode('utf-8', 'replace').split())}"[:500]


def _is_final(exc: Exception) -> bool:
    return isinstance(exc, smtplib.SMTPResponseException) and exc.smtp_code // 100 == 5


def _reason(exc: Exception) -> str:
    if isinstance(exc, smtplib.SMTPResponseException):
        error = exc.smtp_error
        return _said(exc.smtp_code, error if isinstance(error, bytes) else error.encode())
    return str(exc) or type(exc).__name__
