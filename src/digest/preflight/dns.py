"""Ask the DNS what rules want to know, and read the records they get."""

import dns.exception
import dns.resolver

_SECONDS = 4.0  #: for one question, all servers and tries together


def system_lookup(name: str, kind: str) -> tuple[str, ...] | None:
    """Return the records of a name as the system's resolver knows them; None: no answer."""
    try:
        found = dns.resolver.resolve(name, kind, lifetime=_SECONDS, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return ()
    except (dns.exception.DNSException, OSError, UnicodeError):
        return None
    return tuple(_text(record) for record in found)


def _text(record: object) -> str:
    strings: tuple[bytes, ...] | None = getattr(record, "strings", None)
    return b"".join(strings).decode("utf-8", "replace") if strings is not None else str(record)


def tags_of(record: str) -> dict[str, str]:
    """Return the tags of a DKIM or DMARC record, as in `v=DMARC1; p=none`."""
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): value.strip() for name, sign, value in pairs if sign}


def aligned(signer: str, sender: str) -> bool:
    """Say whether one domain is the other or lies under it."""
    one, other = signer.lower(), sender.lower()
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")
