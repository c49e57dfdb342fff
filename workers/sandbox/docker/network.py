"""A network of the sandbox's own, which leads to the internet and nowhere else.

A container on a bridge reaches whatever its machine reaches: the machine itself, its neighbours, the address at which
a cloud tells its secrets. Rules on the engine's machine would need root there. So the way out is closed from inside:
a second container, of the installation's own image, enters the sandbox's network for a moment with the right to change
its rules, and declares all that is private to be unreachable; the gateway too, which goes on forwarding all the same.
The job has no such right. Until that is done no command runs.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from workers.sandbox.docker.closing import close_ways
from workers.sandbox.docker.create import Made, Order
from workers.sandbox.docker.engine import Engine, telling
from workers.sandbox.docker.marks import marks
from workers.sandbox.port import SandboxError

if TYPE_CHECKING:
    from docker import APIClient

# What is nobody's address on the internet: RFC 6890 and its like.
PRIVATE = (
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"),
    *("192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4"),
)


def with_network(client: APIClient, engine: Engine, order: Order, made: Made) -> Order:
    """Make it; the order then names it."""
    with telling("The sandbox's network cannot be made"):
        network = client.create_network(
            made.name,
            driver="bridge",
            enable_ipv6=False,
            check_duplicate=True,
            labels=marks(engine.installation, order.label),
        )
    made.network = network["Id"]
    return dataclasses.replace(order, network=made.network, name_servers=name_servers(engine))


def close_it(client: APIClient, engine: Engine, label: str, made: Made) -> None:
    """Make everything private unreachable. Raises SandboxError where that could not be done."""
    with telling("The sandbox's network cannot be closed towards private addresses"):
        closed = [*PRIVATE, *(network for each in engine.forbidden for network in networks_of(each))]
        closed += [f"{host}/32" for host in own_addresses()]
        labels = marks(engine.installation, label)
        said = close_ways(client, engine.image, made.container, closed, name_servers(engine), labels)
    if said:
        raise SandboxError(f"The sandbox's network cannot be closed towards private addresses: {said}")


def name_servers(engine: Engine) -> tuple[str, ...]:
    """Whom a sandbox may ask for names; the engine's own forwarder asks them from inside the sandbox's network."""
    if engine.name_servers:
        return engine.name_servers
    try:
        lines = Path("/etc/resolv.conf").read_text().splitlines()
    except OSError:
        return ()
    named = [line.split()[1] for line in lines if line.startswith("nameserver ") and len(line.split()) > 1]
    return tuple(each for each in named if _is_reachable_v4(each))


def _is_reachable_v4(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return address.version == 4 and not address.is_loopback


def own_addresses() -> list[str]:
    """This machine's own, wherever they are: where the engine is this machine's, Hive's servers answer at them."""
    try:
        lines = Path("/proc/net/fib_trie").read_text().splitlines()
    except OSError:
        return []
    found = {lines[number - 1].split()[-1] for number, line in enumerate(lines) if line.strip() == "/32 host LOCAL"}
    return sorted(address for address in found if not address.startswith("127."))


def networks_of(named: str) -> list[str]:
    """A network as it is; a host as its addresses, each a network of one. None where the name is not known."""
    try:
        network = ipaddress.ip_network(named, strict=False)
        return [str(network)] if network.version == 4 else []
    except ValueError:
        pass
    try:
        found = socket.getaddrinfo(named, None, socket.AF_INET, socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return sorted({f"{each[4][0]}/32" for each in found})
