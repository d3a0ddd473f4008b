"""Sign finished bytes with DKIM (RFC 6376, RFC 8463): the same message, the same signature."""

import hashlib
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import lru_cache
from itertools import groupby
from pathlib import Path

from digest.deliver.headers import ascii_domain
from digest.deliver.keys import END, Sign, load_key
from digest.deliver.transports.base import Transport
from digest.errors import ConfigError
from digest.model import Message, Receipt
from digest.settings.tables import Dkim
from digest.text import TOKEN

#: Signed once more than they occur, so that nobody can add another one.
_SEALED = ("from", "to", "subject", "date", "reply-to", "content-type", "list-unsubscribe")
_SIGNED = (
    *("from", "to", "subject", "date", "reply-to", "message-id", "mime-version", "content-type"),
    *("content-transfer-encoding", "auto-submitted", "list-id", "list-unsubscribe"),
    *("list-unsubscribe-post", "feedback-id", "precedence"),
)
_OWN = ("to", "date", "message-id")  #: what a copy adds to its variant's header
_MARK = TOKEN.encode()
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
        return self._inner.send(message._replace(parts=(lines, *message.parts)))

    def close(self) -> None:
        """Let go of connections."""
        self._inner.close()


def signatures(content: bytes, signers: Sequence[Signer]) -> bytes:
    """Return one DKIM-Signature line for each signer, over relaxed headers and the simple body."""
    head, _, body = content.partition(b"\r\n\r\n")
    fields = _fields(head + b"\r\n")
    date = fields["date"][0]
    canonical = b"".join(b"".join(reversed(fields.get(name, []))) for name in _SIGNED)
    body_hash = hashed(body)
    return b"".join(
        draft.line(body_hash, signer.sign(draft.data + body_hash + END))
        for draft, signer in zip(
            _drafts(canonical, _names(fields), date, signers), signers, strict=True
        )
    )


@dataclass(frozen=True, slots=True)
class Draft:
    """A DKIM-Signature line up to the hash of the body."""

    value: bytes
    data: bytes  #: what is signed, up to the same place

    def line(self, body_hash: bytes, signed: bytes) -> bytes:
        """Return the whole line."""
        coded = b64encode(signed)
        rows = [coded[start : start + 72] for start in range(0, len(coded), 72)]
        parts = (b"DKIM-Signature:", self.value, body_hash, b";\r\n\tb=", b"\r\n\t ".join(rows))
        return b"".join((*parts, b"\r\n"))


@dataclass(frozen=True, slots=True)
class Pattern:
    """What the signatures of all copies of one variant have in common."""

    names: str
    canonical: tuple[bytes | str, ...]  #: signed header lines, the name of an own one, or _MARK
    body: tuple[bytes, ...]  #: cut at the token, its end as it is hashed; empty: encoded per copy

    def drafts(self, own: bytes, token: bytes, signers: Sequence[Signer]) -> list[Draft]:
        """Return what each signer has to sign of the copy with these own lines."""
        lines = {low: lines[0] for low, lines in _fields(own).items()} | {_SLOT: token}
        canonical = b"".join(
            [lines[part] if isinstance(part, str) else part for part in self.canonical]
        )
        return _drafts(canonical, self.names, lines["date"], signers)


_SLOT = "token"


def pattern(segments: Sequence[bytes], *, encoded: bool) -> Pattern:
    """Return the pattern of a variant: header and body cut at the token, without own lines.

    `encoded`: the last segment is not the end of the body, parts of it are encoded per copy.
    """
    head, _, body = _MARK.join(segments).partition(b"\r\n\r\n")
    fields = _fields(head + b"\r\n")
    parts: list[bytes | str] = []
    for name in _SIGNED:
        if name in _OWN:
            parts.append(name)
        for index, run in enumerate(b"".join(reversed(fields.get(name, []))).split(_MARK)):
            parts += [_SLOT] * (index > 0) + [run]
    names = _names(fields | {name: [b""] for name in _OWN})
    runs = [
        part
        for fixed, some in groupby(parts, lambda part: isinstance(part, bytes))
        for part in ([b"".join(some)] if fixed else some)  # type: ignore[arg-type]
    ]
    return Pattern(names, tuple(runs), () if encoded else tuple(_ended(body).split(_MARK)))


def hashed(body: bytes) -> bytes:
    """Return a body's hash as it stands in a signature."""
    return b64encode(hashlib.sha256(_ended(body)).digest())


def _ended(body: bytes) -> bytes:
    """Return a body as the simple algorithm has it: one line end at its end (RFC 6376 3.4.3)."""
    return body.rstrip(b"\r\n") + b"\r\n"


def _fields(head: bytes) -> dict[str, list[bytes]]:
    fields: dict[str, list[bytes]] = {}
    for name, value in _FIELD.findall(head):
        low, line = _canonical(name, value)
        fields.setdefault(low, []).append(line)
    return fields


def _names(fields: Mapping[str, Sequence[bytes]]) -> str:
    names = [name for name in _SIGNED for _ in fields.get(name, ())]
    return ":".join([*names, *(name for name in _SEALED if name in fields)])


def _drafts(
    canonical: bytes, names: str, date: bytes, signers: Sequence[Signer]
) -> list[Draft]:  # fmt: skip
    values = [_value(signer.algorithm, signer.domain, signer.selector, names, date)
              for signer in signers]  # fmt: skip
    return [Draft(value, b"".join((canonical, data))) for value, data in values]


@lru_cache(maxsize=16)
def _value(
    algorithm: str, domain: str, selector: str, names: str, date: bytes
) -> tuple[bytes, bytes]:
    """Return the signature's own line up to the hash of the body, plain and canonical."""
    stamp = int(parsedate_to_datetime(date.partition(b":")[2].decode()).timestamp())
    own = f" v=1; a={algorithm}; c=relaxed/simple;\r\n\td={domain}; s={selector};"
    value = f"{own} t={stamp};\r\n\th={names};\r\n\tbh=".encode()
    return value, b"dkim-signature:" + _relaxed(value)


@lru_cache(maxsize=64)
def _canonical(name: bytes, value: bytes) -> tuple[str, bytes]:
    """Return a field's name and its relaxed line; most are the same in every message."""
    low = name.decode().lower()
    return low, low.encode() + b":" + _relaxed(value) + b"\r\n"


def _relaxed(value: bytes) -> bytes:
    if not (b"  " in value or b"\t" in value or b"\r\n" in value):  # nearly all own lines
        return value.strip(b" ")
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
