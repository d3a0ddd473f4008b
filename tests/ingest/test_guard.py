"""Which addresses count as public."""

import pytest

from digest.errors import IngestError
from digest.ingest import guard


@pytest.mark.parametrize(
    "text",
    ["93.184.215.14", "8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::1"],
)
def test_ordinary_hosts_are_public(text: str) -> None:
    address = guard.parse_address(text)
    assert address is not None
    assert guard.is_public(address)


@pytest.mark.parametrize(
    "text",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0"),
        *("100.64.0.1", "192.0.0.9", "192.0.2.1", "198.18.0.1", "203.0.113.1", "224.0.0.1"),
        *("240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:10.0.0.1", "::127.0.0.1"),
        *("fe80::1%eth0", "fc00::1", "ff02::1", "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1"),
        *("2001::1", "2001:db8::1", "2002:7f00:1::", "fec0::1", "3fff::1", "5f00::1"),
    ],
)
def test_special_addresses_are_not(text: str) -> None:
    address = guard.parse_address(text)
    assert address is not None
    assert not guard.is_public(address)


def test_other_ports_are_refused_outside_allowed_networks() -> None:
    address = guard.parse_address("93.184.215.14")
    assert address is not None
    guard.check(address, 443, ())
    with pytest.raises(IngestError, match="port 22"):
        guard.check(address, 22, ())
    guard.check(address, 22, guard.networks(["93.184.0.0/16"]))


def test_a_name_is_no_address() -> None:
    assert guard.parse_address("feeds.example") is None
