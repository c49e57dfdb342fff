"""Which networks are closed to a sandbox."""

from __future__ import annotations

import ipaddress

import pytest

from workers.sandbox.docker.engine import Engine
from workers.sandbox.docker.network import PRIVATE, name_servers, networks_of, own_addresses


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "10.1.2.3", "172.17.0.1", "192.168.1.1", "100.64.0.1", "224.0.0.1"]
)
def test_what_is_no_address_of_the_internet_is_closed(address: str) -> None:
    assert any(ipaddress.ip_address(address) in ipaddress.ip_network(network) for network in PRIVATE)


def test_the_internet_is_not() -> None:
    for address in ("1.1.1.1", "203.0.113.2", "151.101.0.223", "172.32.0.1"):
        assert not any(ipaddress.ip_address(address) in ipaddress.ip_network(network) for network in PRIVATE)


def test_a_network_is_taken_as_it_is_and_a_host_by_its_addresses() -> None:
    assert networks_of("198.51.100.7/24") == ["198.51.100.0/24"]
    assert networks_of("198.51.100.7") == ["198.51.100.7/32"]
    assert networks_of("localhost") == ["127.0.0.1/32"]
    assert networks_of("no such host") == networks_of("2001:db8::/32") == []


def test_this_machines_own_addresses_are_found() -> None:
    assert all(ipaddress.ip_address(address).version == 4 for address in own_addresses())
    assert not any(address.startswith("127.") for address in own_addresses())


def test_name_servers_can_be_named() -> None:
    assert name_servers(Engine(name_servers=("198.51.100.53",))) == ("198.51.100.53",)
    assert all(not ipaddress.ip_address(each).is_loopback for each in name_servers(Engine()))
