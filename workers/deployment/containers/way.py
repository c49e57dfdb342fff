"""The way out: a network that leads to the internet, and neither to the machine nor to anything private.

A container that stands in such a network by itself would reach the machine's neighbours, and the address at which a
cloud tells its secrets, until somebody closed them; and it runs from its first moment. So a second container, the
holder, is there before it: it holds the network and does nothing. A third one closes the holder's routes from inside
(as workers.sandbox.docker.network does for sandboxes), and only then the first one starts, in the holder's
network and with no right to change it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from workers.deployment.containers.engine import EngineError, NotThere, engine_errors
from workers.deployment.containers.stack import Way
from workers.sandbox.docker.closing import close_ways

if TYPE_CHECKING:
    from docker import APIClient

HOLD = ["-I", "-S", "-c", "import signal; signal.pause()"]
LEAST: dict[str, Any] = {
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
    "read_only": True,
    "ipc_mode": "private",
}


def way_of(image: str, forbidden: tuple[str, ...], servers: tuple[str, ...]) -> Way:
    """The way that an installation lets containers go: not to `forbidden` networks and hosts, nor to this machine."""
    from workers.sandbox.docker.network import PRIVATE, networks_of, own_addresses

    closed = [*PRIVATE, *(network for each in forbidden for network in networks_of(each))]
    return Way(image, (*closed, *(f"{address}/32" for address in own_addresses())), servers)


def ensure_holder(client: APIClient, way: Way, name: str, networks: dict[str, str], marks: dict[str, str]) -> None:
    """A container that holds these networks, under the name that stands with each."""
    first, *more = networks
    try:
        with engine_errors():
            client.inspect_container(name)
            return
    except NotThere:
        pass
    with engine_errors():
        client.create_container(
            way.image,
            HOLD,
            entrypoint=["python3"],
            user="10001:10001",
            name=name,
            labels=marks,
            host_config=client.create_host_config(
                network_mode=first, init=True, pids_limit=8, mem_limit="64m", dns=list(way.servers), **LEAST
            ),
            networking_config={"EndpointsConfig": {first: client.create_endpoint_config(aliases=[networks[first]])}},
        )
        for network in more:
            client.connect_container_to_network(name, network, aliases=[networks[network]])


def open_way(client: APIClient, way: Way, holder: str, marks: dict[str, str]) -> None:
    """Start the holder and close what is to be closed. Fine where it is done: no command may start before."""
    with engine_errors():
        client.start(holder)
        said = close_ways(client, way.image, holder, way.closed, way.servers, marks)
    if said:
        raise EngineError(f"The network cannot be closed towards private addresses: {said}")


@contextmanager
def passing_way(client: APIClient, way: Way, name: str, marks: dict[str, str]) -> Iterator[str]:
    """A way out for as long as the block lasts: the network mode of whoever may go it."""
    try:
        with engine_errors():
            client.create_network(name, driver="bridge", labels=marks)
        ensure_holder(client, way, name, {name: "way"}, marks)
        open_way(client, way, name, marks)
        yield f"container:{name}"
    finally:
        with suppress(EngineError), engine_errors():
            client.remove_container(name, v=True, force=True)
        with suppress(EngineError), engine_errors():
            client.remove_network(name)
