"""Sign finished bytes with DKIM (RFC 6376, RFC 8463): the same message, the same signature."""

import hashlib
import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from functools import lru_cache
from pathlib import Path

from digest.deliver.headers import ascii_domain
from digest.deliver.keys import Sign, load_key
from digest.deliver.transports.base import Transport
from digest.errors import ConfigError
from digest.model import Message, Receipt
from digest.settings.tables import Dkim

#: Signed once more than they occur, so that nobody can add another one.
_SEALED = ("from", "to", "subject", "date", "reply-to", "content-type", "list-unsubscribe")
_SIGNED = (
    *("from", "to", "subject", "date", "reply-to", "message-id", "mime-version", "content-type"),
    *("content-transfer-encoding", "auto-submitted", "list-id", "list-unsubscribe"),
    *("list-unsubscribe-post", "feedback-id", "precedence"),
)
_FIELD = re.compile(rb"([!-9;-~]+):((?:[^\r]|\r\n[ \t])*)\r\n")


@dataclass(frozen=True, slots=True)
class Signer:
    """One key: what stands in the signature about it, and how it signs."""

    algorithm: str
    domain: str
    selector: str
    sign: Sign
    pem: bytes = field(repr=False)  #: the private key


class Signed:
    """A transport that signs everything it carries; `t=` is the message's Date (promise P9)."""

    def __init__(self, inner: Transport, signers: Sequence[Signer]) -> None:
        self._inner, self._signers = inner, signers

    def send(self, message: Message) -> Receipt:
        """Hand the message over with its signatures on top."""
        lines = signatures(message.content, self._signers)
        return self._inner.send(replace(message, content=lines + message.content))

    def close(self) -> None:
        """Let go of connections."""
        self._inner.close()


def signatures(content: bytes, signers: Sequence[Signer]) -> bytes:
    """Return one DKIM-Signature line for each signer, over relaxed headers and the simple body."""
    drafts = draft(content, signers)
    return b"".join(d.line(s.sign(d.data)) for d, s in zip(drafts, signers, strict=True))


@dataclass(frozen=True, slots=True)
class Draft:
    """A DKIM-Signature line without its signature."""

    value: bytes
    data: bytes  #: what is signed

    def line(self, signed: bytes) -> bytes:
        """Return the whole line."""
        coded = b64encode(signed)
        rows = [coded[start : start + 72] for start in range(0, len(coded), 72)]
        return b"DKIM-Signature:" + self.value + b"\r\n\t ".join(rows) + b"\r\n"


def draft(content: bytes, signers: Sequence[Signer]) -> list[Draft]:
    """Return what each signer has to sign."""
    head, _, body = content.partition(b"\r\n\r\n")
    fields: dict[str, list[bytes]] = {}
    for name, value in _FIELD.findall(head + b"\r\n"):
        low, line = _canonical(name, value)
        fields.setdefault(low, []).append(line)
    names = [name for name in _SIGNED for _ in fields.get(name, ())]
    names += [name for name in _SEALED if name in fields]
    canonical = b"".join(b"".join(reversed(fields.get(name, []))) for name in _SIGNED)
    body_hash = b64encode(hashlib.sha256(body.rstrip(b"\r\n") + b"\r\n").digest()).decode()
    stamp = _stamp(fields["date"][0])
    facts = f"t={stamp};\r\n\th={':'.join(names)};\r\n\tbh={body_hash};\r\n\tb="
    drafts = []
    for signer in signers:
        own = f"v=1; a={signer.algorithm}; c=relaxed/simple;\r\n\td={signer.domain};"
        value = f" {own} s={signer.selector}; {facts}".encode()
        drafts.append(Draft(value, canonical + b"dkim-signature:" + _relaxed(value)))
    return drafts


@lru_cache(maxsize=64)
def _canonical(name: bytes, value: bytes) -> tuple[str, bytes]:
    """Return a field's name and its relaxed line; most are the same in every message."""
    low = name.decode().lower()
    return low, low.encode() + b":" + _relaxed(value) + b"\r\n"


@lru_cache(maxsize=8)
def _stamp(date_line: bytes) -> int:
    return int(parsedate_to_datetime(date_line.partition(b":")[2].decode()).timestamp())


def _relaxed(value: bytes) -> bytes:
    return re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip(b" ")


def load_signers(settings: Dkim, folder: Path) -> tuple[Signer, ...]:
    """Return the signers of the settings, RSA first; ConfigError for a key that cannot be used."""
    keys = (
        ("rsa-sha256", settings.selector, settings.key_file),
        ("ed25519-sha256", settings.ed25519_selector, settings.ed25519_key_file),
    )
    domain = ascii_domain(settings.domain) if settings.domain else ""
    return tuple(
        _loaded(algorithm, domain, selector, folder / path)
        for algorithm, selector, path in keys
        if domain and path
    )


def _loaded(algorithm: str, domain: str, selector: str, path: Path) -> Signer:
    """Return the signer of the private key in a PEM file."""
    try:
        pem = path.read_bytes()
        return Signer(algorithm, domain, selector, load_key(algorithm, pem), pem)
    except OSError as error:
        raise ConfigError(f"{path}: the DKIM key cannot be read: {error.strerror}") from error
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
