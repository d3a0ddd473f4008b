"""Connect to the relay: greeting, TLS, login; what comes after is a dialogue."""

import smtplib
import socket
import ssl
from dataclasses import dataclass

from digest.deliver.smtp.dialogue import Offers
from digest.errors import TransportDown
from digest.settings.tables import Smtp

_ROOM = 1 << 18  #: bytes of a message the system takes at once: most leave in one write
_LINK_ERRORS = (OSError, smtplib.SMTPException)


@dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds to wait for the server."""

    connect: float = 30
    command: float = 120
    verdict: float = 600  #: after the final dot: less makes copies (RFC 5321 4.5.3.2.6)


DEFAULT_PATIENCE = Patience()


@dataclass(frozen=True, slots=True)
class Dialler:
    """Whom to call and how; each call gives one connection, greeted, secured and logged in."""

    relay: Smtp
    hello: str  #: the domain said in EHLO
    patience: Patience = DEFAULT_PATIENCE
    context: ssl.SSLContext | None = None

    def call(self) -> tuple[socket.socket, Offers]:
        """Return a connection and what its server offers; raise TransportDown without one."""
        where = f"{self.relay.host}:{self.relay.port}"
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
        return _taken_over(link)

    def _greeted(self) -> smtplib.SMTP:
        relay, wait = self.relay, self.patience.connect
        if relay.security == "tls":
            context = self._tls()
            return smtplib.SMTP_SSL(
                relay.host, relay.port, self.hello, timeout=wait, context=context
            )
        return smtplib.SMTP(relay.host, relay.port, self.hello, timeout=wait)

    def _secure(self, link: smtplib.SMTP) -> None:
        """Say EHLO, under TLS if asked for; neither mail nor password goes out without it."""
        _hello(link)
        if self.relay.security == "starttls":
            if not link.has_extn("starttls"):
                raise TransportDown(f"{self.relay.host} does not offer STARTTLS; nothing is sent")
            link.starttls(context=self._tls())
            _hello(link)

    def _log_in(self, link: smtplib.SMTP) -> None:
        if not self.relay.username:
            return
        try:
            link.login(self.relay.username, self.relay.password.get_secret_value())
        except smtplib.SMTPAuthenticationError as exc:
            raise TransportDown(
                f"login refused: {_reason(exc)}", lasting=exc.smtp_code // 100 == 5
            ) from exc
        except smtplib.SMTPNotSupportedError as exc:
            problem = f"{self.relay.host} does not offer a login we know"
            raise TransportDown(problem, lasting=True) from exc
        except UnicodeError as exc:
            problem = "user name and password must be ASCII"
            raise TransportDown(problem, lasting=True) from exc

    def _tls(self) -> ssl.SSLContext:
        return self.context or ssl.create_default_context()


def _taken_over(link: smtplib.SMTP) -> tuple[socket.socket, Offers]:
    """Take the socket out of the library's hands."""
    sock, file = link.sock, link.file
    assert sock is not None
    link.sock = link.file = None
    if file is not None:
        file.close()
    # A dot must not wait for the receipt of what went before it.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _ROOM)
    return sock, Offers(*(link.has_extn(name) for name in ("pipelining", "size", "smtputf8")))


def _hello(link: smtplib.SMTP) -> None:
    code, reply = link.ehlo()
    if code != 250:
        raise smtplib.SMTPHeloError(code, reply)


def _is_final(exc: Exception) -> bool:
    return isinstance(exc, smtplib.SMTPResponseException) and exc.smtp_code // 100 == 5


def _reason(exc: Exception) -> str:
    if isinstance(exc, smtplib.SMTPResponseException):
        error = exc.smtp_error
        said = error if isinstance(error, str) else error.decode("utf-8", "replace")
        return f"{exc.smtp_code} {' '.join(said.split())}"[:500]
    return str(exc) or type(exc).__name__
