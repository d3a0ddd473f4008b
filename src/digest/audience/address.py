"""Parse and normalise e-mail addresses: what is mailed, and what finds duplicates."""

import re
import unicodedata
from typing import NamedTuple

from digest.audience.keyed import keyed_hash
from digest.errors import InvalidAddress

LOCAL_OCTETS = 64  #: RFC 5321 4.5.3.1.1
ADDRESS_OCTETS = 254  #: RFC 5321 4.5.3.1.3 with RFC 3696 erratum 1690

_ATOM = r"[\w!#$%&'*+/=?^`{|}~-]+"
_RESERVED = "arpa|invalid|local|localhost|onion"
#: Nearly every address there is. Upper-case domains and `--` in one take the slow path.
#: Nothing possessive: Python before 3.11.5 gets that wrong (python/cpython#106052).
_PLAIN = re.compile(
    rf"(?=[^@]{{1,{LOCAL_OCTETS}}}@){_ATOM}(?:\.{_ATOM})*"
    rf"@(?:(?!-)[a-z0-9-]{{1,63}}(?<!-)\.)+(?!(?:{_RESERVED})$)[a-z]{{1,63}}",
    re.ASCII,
)


class Address(NamedTuple):
    """An address that passed every check; a tuple because there are millions."""

    email: str  #: to be mailed: local part as given in NFC, domain lower-case in A-labels
    key: str  #: casefolded; only for finding duplicates and suppressions, never mailed

    @property
    def needs_smtputf8(self) -> bool:
        """Say whether only servers that offer SMTPUTF8 can take it (RFC 6531)."""
        return not self.email.isascii()


def parse_address(text: str) -> Address:
    """Return the address `text` is, or raise InvalidAddress with the reason in a sentence.

    Nothing is stripped: a stray space or line break is an error. No DNS is asked.
    """
    if len(text) <= ADDRESS_OCTETS and "--" not in text and _PLAIN.fullmatch(text):
        return Address(text, text.lower())
    return _parse_slowly(text)


def address_digest(secret: bytes, address: Address) -> str:
    """Return the hex HMAC-SHA256 that stands for `address` where it must not be readable.

    Made from the key, so an opt-out holds whatever capitals the address comes back in.
    """
    return keyed_hash(secret, address.key.encode()).hex()


def _parse_slowly(text: str) -> Address:
    _refuse_unsafe(text)
    local, domain = _split(text)
    local = unicodedata.normalize("NFC", local)
    if len(local.encode()) > LOCAL_OCTETS:
        raise InvalidAddress(f"The part before the @ is longer than {LOCAL_OCTETS} bytes.")
    email = f"{local}@{domain}"
    if len(email.encode()) > ADDRESS_OCTETS:
        raise InvalidAddress(f"The address is longer than {ADDRESS_OCTETS} bytes.")
    return Address(email, unicodedata.normalize("NFC", email.casefold()))


def _refuse_unsafe(text: str) -> None:
    if len(text) > ADDRESS_OCTETS:
        raise InvalidAddress(f"The address is longer than {ADDRESS_OCTETS} bytes.")
    if any(unicodedata.category(char)[0] in "CZ" for char in text):
        raise InvalidAddress("The address holds a space or a control character.")


def _split(text: str) -> tuple[str, str]:
    """Return the local part as given and the domain in A-labels, both checked."""
    from email_validator import EmailNotValidError, validate_email

    try:
        # The test environment lets `.test` pass: it reaches nobody, and people try things out.
        found = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError as exc:
        raise InvalidAddress(str(exc)) from exc
    if "." not in found.ascii_domain:
        raise InvalidAddress("The part after the @ should have a period.")
    # As given: the library would lower-case "Info", and somebody's Info may not be info.
    return text.rpartition("@")[0], found.ascii_domain
