"""Sign the links a reader gets, and read them back: bound to a purpose, to a key, to one id."""

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

from digest.audience.keyed import keyed_hash
from digest.errors import ConfigError, InvalidToken

UNSUBSCRIBE = "unsubscribe"  #: purpose of the token in every edition
CONFIRM = "confirm"  #: purpose of the token in a confirmation mail
APPROVE = "approve"  #: purpose of the token that shows a draft and lets it go out
MANAGE = "manage"  #: purpose of the link to a reader's own page, for half an hour
FORM = "form"  #: purpose of the mark in a form, made when it was shown
BOUNCE = "bounce"  #: purpose of the tag in a return path
OUTLET = "outlet"  #: purpose of the mark in a Message-ID
_ID_BYTES, _MAC_BYTES = 8, 16
_TOKEN = re.compile(r"[A-Za-z0-9_-]{33}")  # the key id and 24 bytes: no padding, no spare bits
_PUBLIC_ID = re.compile(r"[A-Za-z0-9_-]{10}[AEIMQUYcgkosw048]")  # 64 bits: two spare bits, zero


@dataclass(frozen=True, slots=True)
class Keys:
    """The secrets that sign links, by key id; old ones stay so that old mails keep working."""

    current: str  #: the id new links are signed with
    secrets: Mapping[str, bytes] = field(repr=False)  #: one character -> at least 32 bytes
    #: hides suppressed addresses; it never changes, or they would not be known again
    addresses: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        if self.current not in self.secrets:
            raise ConfigError("the current signing key is missing")
        for key_id, secret in self.secrets.items():
            if not re.fullmatch("[A-Za-z0-9]", key_id):
                raise ConfigError("a signing key's id must be one letter or digit")
            if len(secret) < 32:
                raise ConfigError("a signing key must have at least 32 bytes")
        object.__setattr__(self, "secrets", MappingProxyType(dict(self.secrets)))
        object.__setattr__(self, "addresses", self.addresses or next(iter(self.secrets.values())))


def make_public_id(random_bytes: bytes) -> str:
    """Return the 11 characters that name a subscription in links, from 8 random bytes."""
    if len(random_bytes) != _ID_BYTES:
        raise ValueError(f"a public id is made from {_ID_BYTES} bytes")
    return urlsafe_b64encode(random_bytes).decode().rstrip("=")


def make_public_ids(random_bytes: bytes) -> list[str]:
    """Return a public id for each 8 random bytes, all at once."""
    parts = len(random_bytes) // _ID_BYTES
    padded = bytearray(9 * parts)  # a byte of nothing after each 8: twelve characters of base64
    for place in range(_ID_BYTES):
        padded[place::9] = random_bytes[place::_ID_BYTES]
    text = urlsafe_b64encode(padded).decode()
    return [text[start : start + 11] for start in range(0, 12 * parts, 12)]


def is_public_id(text: str) -> bool:
    """Say whether it could name a subscription."""
    return _PUBLIC_ID.fullmatch(text) is not None


def make_token(keys: Keys, purpose: str, public_id: str, key_id: str = "") -> str:
    """Return the 32 characters that let whoever holds them do `purpose` with one subscription.

    In a path they follow the key id: `/u/` + `key_id` + token; without one it is `keys.current`.
    """
    if not _PUBLIC_ID.fullmatch(public_id):
        raise ValueError("not a public id")
    name = urlsafe_b64decode(public_id + "=")
    return urlsafe_b64encode(name + _mac(keys, key_id or keys.current, purpose, name)).decode()


def read_token(keys: Keys, purpose: str, text: str) -> str:
    """Return the public id that `text`, a key id and a token, was made for; else InvalidToken."""
    if not _TOKEN.fullmatch(text) or text[0] not in keys.secrets:
        raise InvalidToken
    raw = urlsafe_b64decode(text[1:])
    name, mac = raw[:_ID_BYTES], raw[_ID_BYTES:]
    if not hmac.compare_digest(mac, _mac(keys, text[0], purpose, name)):
        raise InvalidToken
    return make_public_id(name)


def numbers_token(keys: Keys, purpose: str, first: int, second: int) -> str:
    """Return a key id and a token that carries two numbers of 32 bits."""
    name = first.to_bytes(4, "big") + second.to_bytes(4, "big")
    return keys.current + make_token(keys, purpose, make_public_id(name))


def read_numbers(keys: Keys, purpose: str, text: str) -> tuple[int, int]:
    """Return the two numbers a token carries; else InvalidToken."""
    name = urlsafe_b64decode(read_token(keys, purpose, text) + "=")
    return int.from_bytes(name[:4], "big"), int.from_bytes(name[4:], "big")


def bounce_tag(keys: Keys, delivery_id: int) -> str:
    """Return what names a delivery in its return path: nobody else can make one up.

    Lower-case letters and digits, because some servers do not keep the case.
    """
    name = delivery_id.to_bytes(_ID_BYTES, "big")
    mac = _mac(keys, keys.current, BOUNCE, name)[:_ID_BYTES]
    return f"{delivery_id}-{keys.current.lower()}{mac.hex()}"


def outlet_mark(keys: Keys) -> str:
    """Return eight letters that tell the outlets of one domain apart: each has a key of its own."""
    return _mac(keys, keys.current, OUTLET, b"").hex()[:8]


def _mac(keys: Keys, key_id: str, purpose: str, name: bytes) -> bytes:
    """Sign with a key of its own for each purpose (T16): no token opens two doors."""
    purpose_key = _purpose_key(keys.secrets[key_id], purpose)
    return keyed_hash(purpose_key, key_id.encode() + name)[:_MAC_BYTES]


@lru_cache(maxsize=8)
def _purpose_key(secret: bytes, purpose: str) -> bytes:
    return keyed_hash(secret, b"digest link v1\0" + purpose.encode())
