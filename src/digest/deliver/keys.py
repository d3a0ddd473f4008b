"""Sign bytes with private keys; run as a program it does so for another process, until that ends.

It imports little, so that a process of it is small. A request of that program is a list of byte
strings: first the algorithms and keys, then each time what is to be signed.
"""

import hashlib
import struct
from collections.abc import Callable, Iterable

from digest.child import serve
from digest.errors import ConfigError

Sign = Callable[[bytes], bytes]


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
        return lambda data: key.sign(data, padding.PKCS1v15(), hashes.SHA256())
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


def main() -> None:
    """Answer requests until the socket closes."""
    keys: list[Sign] = []

    def answer(request: bytes) -> bytes:
        parts = unpack(request)
        if keys:
            return pack(sign(data) for sign, data in zip(keys * len(parts), parts, strict=False))
        keys.extend(
            load_key(name.decode(), pem) for name, pem in zip(parts[::2], parts[1::2], strict=True)
        )
        return pack([b"ready"])

    serve(answer)


if __name__ == "__main__":
    main()
