"""Decide which addresses the fetcher may reach; pure, so that every rule can be tested."""

from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from digest.errors import IngestError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

PORTS = frozenset({80, 443})
#: How the refusal of a private address ends.
ALLOW = "allow it in [fetch] allow_networks if it is yours"

#: Special ranges that some Python 3.11 releases call global (IANA registries, RFC 6890).
_SPECIAL_V4 = tuple(
    IPv4Network(net)
    for net in ("192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "100.64.0.0/10", "240.0.0.0/4")
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_SPECIAL_V6 = tuple(
    IPv6Network(net) for net in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
_NAT64 = IPv6Network("64:ff9b::/96")


def parse_address(text: str) -> Address | None:
    """Return the address `text` spells, with brackets or a zone or without, or None for a name."""
    try:
        return ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Return the networks a list of texts names."""
    return tuple(ip_network(text) for text in texts)


def check(address: Address, port: int, allowed: tuple[Network, ...]) -> None:
    """Refuse an address that is not public, or a port other than 80 and 443.

    Networks the operator allows may be reached on any port.
    """
    inner = _unpacked(address)
    if any(inner in network or address in network for network in allowed):
        return
    if not is_public(address):
        raise IngestError(f"leads to a private address ({address}); {ALLOW}")
    if port not in PORTS:
        raise IngestError(f"uses port {port}; only 80 and 443 are fetched from")


def is_public(address: Address) -> bool:
    """Say whether `address` is an ordinary host on the public internet."""
    inner = _unpacked(address)
    if isinstance(inner, IPv4Address):
        special = inner.is_multicast or inner.is_reserved or inner.is_unspecified
        return inner.is_global and not special and not any(inner in net for net in _SPECIAL_V4)
    return inner in _GLOBAL_UNICAST and not any(inner in net for net in _SPECIAL_V6)


def _unpacked(address: Address) -> Address:
    """Return the IPv4 address that a mapped, NAT64 or 6to4 address stands for."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
