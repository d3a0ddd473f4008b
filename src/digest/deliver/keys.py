"""Sign bytes with private keys; run as a program it does so for another process, until that ends.

It imports little, so that a process of it is small. A request of that program is a list of byte
strings: first the algorithms and keys; then the bodies that will be hashed, cut at the token; then
each time for each message the number of its body and its token, or nothing and its hash, and what
each key signs up to that hash.
"""

import hashlib
import struct
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence

from digest.child import serve
from digest.errors import ConfigError

Sign = Callable[[bytes], bytes]
END = b"; b="  #: what follows the hash of the body in what is signed (RFC 6376 3.7)


def load_key(algorithm: str, pem: bytes) -> Sign:
    """Return how to sign with a private key; ConfigError says what is wrong with it."""
    try:
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
    except ModuleNotFoundError as error:
        raise ConfigError("signing needs the extra: pip install 'digest[dkim]'") from error
    try:
        key = serialization.load_pem_private_key(pem, None)
    except (ValueError, TypeError) as error:
        raise ConfigError("is no private key in PEM without a password") from error
    if algorithm == "rsa-sha256" and isinstance(key, rsa.RSAPrivateKey) and key.key_size >= 1024:
        how, over = padding.PKCS1v15(), hashes.SHA256()
        return lambda data: key.sign(data, how, over)
    if algorithm == "ed25519-sha256" and isinstance(key, ed25519.Ed25519PrivateKey):
        return lambda data: key.sign(hashlib.sha256(data).digest())
    raise ConfigError(f"is no key for {algorithm}")


def pack(parts: Iterable[bytes]) -> bytes:
    """Return byte strings as one."""
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


def unpack(whole: bytes) -> list[bytes]:
    """Return the byte strings that were packed."""
    parts, at = [], 0
    while at < len(whole):
        end = at + 4 + int.from_bytes(whole[at : at + 4], "big")
        parts.append(whole[at + 4 : end])
        at = end
    return parts


class Desk:
    """Keys, and the bodies whose hashes they sign."""

    def __init__(self, signs: Sequence[Sign], bodies: Iterable[Sequence[bytes]]) -> None:
        self._signs = signs
        self._bodies = [(hashlib.sha256(body[0]), body[1:]) for body in bodies]

    def sign(self, parts: Sequence[bytes]) -> list[bytes]:
        """Return for each message the hash of its body and one signature for each key."""
        found, one = [], 2 + len(self._signs)
        for at in range(0, len(parts), one):
            number, token, *data = parts[at : at + one]
            body_hash = self._hash(int(number), token) if number else token
            found.append(body_hash)
            pairs = zip(self._signs, data, strict=True)
            found += [sign(begun + body_hash + END) for sign, begun in pairs]
        return found

    def _hash(self, number: int, token: bytes) -> bytes:
        begun, rest = self._bodies[number]
        going = begun.copy()
        for run in rest:
            going.update(token)
            going.update(run)
        return b64encode(going.digest())


def main() -> None:
    """Answer requests until the socket closes."""
    signs: list[Sign] = []
    desks: list[Desk] = []

    def answer(request: bytes) -> bytes:
        parts = unpack(request)
        if desks:
            return pack(desks[0].sign(parts))
        if signs:
            desks.append(Desk(signs, [unpack(body) for body in parts]))
        else:
            pairs = zip(parts[::2], parts[1::2], strict=True)
            signs.extend(load_key(name.decode(), pem) for name, pem in pairs)
        return pack([b"ready"])

    serve(answer)


if __name__ == "__main__":
    main()
