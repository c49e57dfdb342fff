"""No address that is not public is reached, however it is written; the ones that are, are."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.web.guard import Forbidden, GuardedNetwork, check, why_closed

CLOSED = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.0.8",
    "198.18.0.1",
    "203.0.113.7",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fc00::1",
    "fd00:ec2::254",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "64:ff9b::10.0.0.1",
    "2002:7f00:1::",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
]


@pytest.mark.parametrize("address", CLOSED)
def test_an_address_that_is_not_public_is_closed(address: str) -> None:
    assert why_closed(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.215.14", "2606:4700::1111", "64:ff9b::1.1.1.1", "::ffff:8.8.8.8"]
)
def test_a_public_address_is_open(address: str) -> None:
    assert why_closed(ipaddress.ip_address(address)) == ""


@given(st.ip_addresses(v=4))
def test_an_ipv6_address_that_carries_an_ipv4_one_is_as_open_as_that(inner: ipaddress.IPv4Address) -> None:
    mapped = ipaddress.IPv6Address(0xFFFF << 32 | int(inner))
    translated = ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) | int(inner))
    assert bool(why_closed(mapped)) == bool(why_closed(translated)) == bool(why_closed(inner))


def test_one_closed_address_among_several_closes_the_name() -> None:
    with pytest.raises(Forbidden, match=r"host.example leads to 10\.0\.0\.1, which is a private address"):
        check("host.example", ["1.1.1.1", "10.0.0.1"])


def test_a_name_is_resolved_once_and_what_was_checked_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([["1.1.1.1"], ["127.0.0.1"]])
    network = GuardedNetwork(resolve=lambda host, port: next(answers))
    reached: list[str] = []
    monkeypatch.setattr(network._real, "connect_tcp", lambda host, *rest: reached.append(host))
    network.connect_tcp("rebinding.example", 80)
    assert reached == ["1.1.1.1"]
    with pytest.raises(Forbidden):
        network.connect_tcp("rebinding.example", 80)
    assert reached == ["1.1.1.1"]


@pytest.mark.parametrize("host", ["127.1", "0x7f000001", "2130706433", "0177.0.0.1", "localhost"])
def test_other_ways_to_write_loopback_lead_to_loopback_and_are_closed(host: str) -> None:
    with pytest.raises(Forbidden):
        GuardedNetwork().connect_tcp(host, 9)
