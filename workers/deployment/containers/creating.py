"""One service as a container, with everything taken away that it does not need; and the networks it stands in."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workers.deployment.containers.engine import MARK, EngineError, NotThere, engine_errors, labels, named
from workers.deployment.containers.stack import Mount, Service, Stack
from workers.deployment.containers.way import ensure_holder

if TYPE_CHECKING:
    from docker import APIClient

IN_CONTAINER = Path("/.dockerenv")  # Docker puts it into every container
NEVER = "0001-01-01T00:00:00Z"
LOG = {"max-size": "4m", "max-file": "2"}


def container_name(stack: Stack, release: str, service: Service) -> str:
    whose = stack.environment if service.shared else release
    return named(stack.installation, whose, service.name)


def holder_name(stack: Stack, release: str, service: Service) -> str:
    """The container whose networks the service stands in: its own, or that of its way out."""
    name = container_name(stack, release, service)
    return f"{name}-way" if stack.way_of(service) else name


def network_name(stack: Stack, release: str) -> str:
    return named(stack.installation, release)


def ensure_networks(client: APIClient, stack: Stack, release: str) -> None:
    """The release's own network; with a way out, also the one that leads there."""
    marks = labels(stack.installation, stack.environment, release)
    ensure_network(client, network_name(stack, release), marks, internet=False)
    if stack.way:
        ensure_network(client, way_network(stack, release), marks, internet=True)


def way_network(stack: Stack, release: str) -> str:
    return f"{network_name(stack, release)}-way"


def ensure_network(client: APIClient, name: str, marks: dict[str, str], *, internet: bool) -> None:
    """A network of its own; without `internet`, nothing leads out of it."""
    try:
        with engine_errors():
            client.create_network(name, driver="bridge", internal=not internet, labels=marks, check_duplicate=True)
    except EngineError:
        with engine_errors():
            if not client.networks(filters={"name": f"^{name}$"}):
                raise
    if not internet:
        join(client, name)


def join(client: APIClient, network: str) -> None:
    """Where Hive itself runs in a container of this engine: put that into the network too, to reach what is there."""
    if not IN_CONTAINER.exists():
        return
    try:
        with engine_errors():
            networks = client.inspect_container(socket.gethostname())["NetworkSettings"]["Networks"]
            if network not in networks:
                client.connect_container_to_network(socket.gethostname(), network)
    except EngineError:
        return  # another engine's container: it reaches the network by its own routes, or not at all


def ensure_container(
    client: APIClient, stack: Stack, release: str, service: Service, *, fresh: bool = False
) -> dict[str, Any]:
    """The service's container as the engine describes it; made if it is not there, or not what is asked for.

    `fresh`: also made anew where an earlier start may have written to it.
    """
    name = container_name(stack, release, service)
    if way := stack.way_of(service):
        networks = dict.fromkeys((network_name(stack, release), way_network(stack, release)), service.name)
        ensure_holder(client, way, holder_name(stack, release, service), networks, _marks(stack, release, service))
    try:
        with engine_errors():
            found = client.inspect_container(name)
    except NotThere:
        return _create(client, stack, release, service)
    used = fresh and service.scribbles and not found["State"]["Running"] and found["State"]["StartedAt"] != NEVER
    if used or found["Config"]["Labels"].get(MARK) != service.mark:
        return _create_again(client, stack, release, service, found)
    if service.shared:
        _enter(client, stack, release, service)
    return found


def _enter(client: APIClient, stack: Stack, release: str, service: Service) -> None:
    """Put what is shared into the network of one more release."""
    name, network = container_name(stack, release, service), network_name(stack, release)
    with engine_errors():
        if network not in client.inspect_container(name)["NetworkSettings"]["Networks"]:
            client.connect_container_to_network(name, network, aliases=[service.name])


def _create_again(
    client: APIClient, stack: Stack, release: str, service: Service, old: dict[str, Any]
) -> dict[str, Any]:
    """A new one in its place, in every network in which the old one stood, under the name that it had there."""
    name, own = container_name(stack, release, service), network_name(stack, release)
    with engine_errors():
        client.remove_container(name, v=True, force=True)
    made = _create(client, stack, release, service)
    if stack.way_of(service):
        return made  # its names belong to its way out, which stays
    for network in old["NetworkSettings"]["Networks"]:
        alias = stack.hostname if network == named(stack.installation, stack.environment) else service.name
        if network != own:
            with engine_errors():
                client.connect_container_to_network(name, network, aliases=[alias])
    return made


def _create(client: APIClient, stack: Stack, release: str, service: Service) -> dict[str, Any]:
    name, network = container_name(stack, release, service), network_name(stack, release)
    way = stack.way_of(service)
    if way:
        network = f"container:{holder_name(stack, release, service)}"
    marks = _marks(stack, release, service)
    own = {network: client.create_endpoint_config(aliases=[service.name])}
    with engine_errors():
        client.create_container(
            image=service.image,
            command=list(service.command) if service.command is not None else None,
            entrypoint=list(service.entrypoint) if service.entrypoint is not None else None,
            environment=dict(service.env),
            user=service.user,
            working_dir=service.cwd or None,
            hostname=None if way else service.name,
            name=name,
            labels=marks,
            healthcheck=_health(service),
            host_config=_host_config(client, stack, service, network, marks),
            networking_config=None if way else {"EndpointsConfig": own},
        )
        return client.inspect_container(name)


def _marks(stack: Stack, release: str, service: Service) -> dict[str, str]:
    whose = "" if service.shared else release
    return labels(stack.installation, stack.environment, whose, service=service.name, mark=service.mark)


def _host_config(
    client: APIClient, stack: Stack, service: Service, network: str, marks: dict[str, str]
) -> dict[str, Any]:
    from docker.types import LogConfig

    room = f"rw,nosuid,nodev,mode=1777,size={service.tmp_bytes}"
    return client.create_host_config(
        network_mode=network,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges:true"],
        privileged=False,
        ipc_mode="private",
        read_only=service.read_only,
        tmpfs=dict.fromkeys(service.tmpfs, room),
        mounts=[_mount(stack, mount, marks) for mount in service.mounts],
        pids_limit=service.pids,
        mem_limit=service.memory_bytes,
        memswap_limit=service.memory_bytes,
        nano_cpus=int(service.cpus * 1_000_000_000),
        init=service.init,
        log_config=LogConfig(type="json-file", config=LOG),
        # What is shared outlives every release, so no host watches it alone; the rest Hive starts again by itself.
        # Behind a way out the engine must not: it would start the service before its way is closed.
        restart_policy={"Name": "unless-stopped"} if service.comes_back and not stack.way_of(service) else None,
    )


def _mount(stack: Stack, mount: Mount, marks: dict[str, str]) -> Any:
    from docker.types import Mount as EngineMount

    if mount.volume:
        marks = labels(stack.installation, stack.environment, volume=mount.volume)
    name = named(stack.installation, stack.environment, mount.volume) if mount.volume else None
    return EngineMount(mount.path, name, type="volume", read_only=mount.read_only, labels=marks)


def _health(service: Service) -> dict[str, Any] | None:
    health = service.health
    if health is None:
        return None
    second = 1_000_000_000
    return {
        "Test": list(health.test),
        "Interval": int(health.interval_s * second),
        "Timeout": int(health.timeout_s * second),
        "Retries": health.retries,
        "StartPeriod": int(health.start_period_s * second),
    }


def remove_release(client: APIClient, stack: Stack, release: str) -> None:
    """Its own containers, with their volumes, and its network. What is shared only leaves the network."""
    network = network_name(stack, release)
    for service in stack.services:
        name = container_name(stack, release, service)
        try:
            with engine_errors():
                if service.shared:
                    client.disconnect_container_from_network(name, network, force=True)
                    continue
                client.remove_container(name, v=True, force=True)
                if stack.way:
                    client.remove_container(holder_name(stack, release, service), force=True)
        except NotThere:
            continue
        except EngineError:
            if not service.shared:  # not connected, the engine says with an error of its own
                raise
    remove_network(client, network)
    remove_network(client, way_network(stack, release))


def remove_network(client: APIClient, network: str) -> None:
    """Fine where it is gone already; what still hangs in it is cut off."""
    try:
        with engine_errors():
            for container in client.inspect_network(network)["Containers"]:
                client.disconnect_container_from_network(container, network, force=True)
            client.remove_network(network)
    except NotThere:
        return
