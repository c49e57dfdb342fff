"""Which addresses may be reached, and a network that reaches no other.

A name is resolved once, every address that it stands for is checked, and the connection goes to an address that was
checked: a name that answers differently the second time (DNS rebinding) gains nothing. TLS still checks the name.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterable
from typing import Any

import httpcore

Resolve = Callable[[str, int], list[str]]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Beyond what the ipaddress module calls not global: carriers' translation, and prefixes that carry an IPv4 address.
CLOSED = [ipaddress.ip_network(network) for network in ("100.64.0.0/10", "192.0.0.0/24", "fec0::/10", "100::/64")]
CARRIES_IPV4 = ipaddress.ip_network("64:ff9b::/96")


class Forbidden(Exception):
    """This address may not be reached from here. The message names it and says why."""


def resolve(host: str, port: int) -> list[str]:
    """Every address of the name, as the system resolves it."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def check(host: str, addresses: Iterable[str]) -> None:
    """Raises Forbidden if any address that the name stands for is not a public one."""
    for text in addresses:
        address = ipaddress.ip_address(text.partition("%")[0])
        if why := why_closed(address):
            raise Forbidden(f"{host} leads to {text}, which is {why}; only public addresses can be reached.")


def why_closed(address: Address) -> str:
    """Why this address is not for jobs; empty for a public one."""
    inner = _carried(address)
    if inner is not None:
        why = why_closed(inner)
        return f"another way to write {inner}, {why}" if why else ""
    kinds = ("is_loopback", "loopback"), ("is_link_local", "link-local"), ("is_multicast", "multicast")
    more = ("is_unspecified", "unspecified"), ("is_private", "private"), ("is_reserved", "reserved")
    for name, word in (*kinds, *more):
        if getattr(address, name):
            return f"a {word} address"
    if not address.is_global or any(address in network for network in CLOSED if network.version == address.version):
        return "not a public address"
    return ""


def _carried(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address inside an IPv6 one, in any of the ways to put it there."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in CARRIES_IPV4 or (
        int(address) >> 32 == 0 and int(address) > 1
    ):  # the second: ::a.b.c.d, long out of use
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


class GuardedNetwork(httpcore.NetworkBackend):
    """What httpcore connects through. `allowed`: hosts that may be reached wherever they are (for tests, mirrors)."""

    def __init__(self, resolve: Resolve = resolve, allowed: Iterable[str] = ()) -> None:
        self._resolve = resolve
        self._allowed = frozenset(allowed)
        self._real = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.NetworkStream:
        """Raises Forbidden; httpcore.ConnectError where the name is unknown or nobody answers."""
        try:
            addresses = self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host} is not a known name ({error}).") from error
        if host not in self._allowed:
            check(host, addresses)
        return self._connect(addresses, port, timeout, socket_options)

    def _connect(self, addresses: list[str], port: int, timeout: float | None, options: Any) -> httpcore.NetworkStream:
        for address in addresses[:-1]:
            try:
                return self._real.connect_tcp(address, port, timeout, None, options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return self._real.connect_tcp(addresses[-1], port, timeout, None, options)

    def connect_unix_socket(self, path: str, timeout: float | None = None, socket_options: Any = None) -> Any:
        raise Forbidden("Unix sockets are not part of the web.")


def pool(network: httpcore.NetworkBackend, context: ssl.SSLContext) -> httpcore.ConnectionPool:
    return httpcore.ConnectionPool(ssl_context=context, network_backend=network, max_connections=4, retries=0)
