"""What a sandbox is made of on the engine: two volumes, a container, perhaps a network; and what they are held to.

Held by the kernel: processes, memory with its swap, CPU, the size of one file, /tmp, what can be written to at all,
privileges. The sum of what lies on disk is held by the kernel where the engine's disk has project quotas (xfs with
pquota); elsewhere the meter looks.
"""

from __future__ import annotations

import contextlib
import io
import os
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workers.sandbox.docker import programs
from workers.sandbox.docker.engine import Engine, telling
from workers.sandbox.docker.images import Image
from workers.sandbox.docker.marks import marks
from workers.sandbox.docker.scripts import KEEPER
from workers.sandbox.docker.volumes import remove_volume
from workers.sandbox.port import MIB, WORKSPACE, Limits, Programs, SandboxError

if TYPE_CHECKING:
    from docker import APIClient
    from docker.types import Ulimit

HOME = "/home/job"
TMP = "/tmp"  # noqa: S108 - the sandbox's own
# Users that neither a distribution nor a person has, and that an engine in a user namespace has too.
_UIDS = range(20_000, 60_000)
_OPEN_FILES = 8192
_SPARE_FILE_BYTES = 1 * MIB  # so that a whole file of the limit's size can be told from one that was cut off
_SPARE_PROCESSES = 32  # the keeper, the wardens, and what the meter runs
_SHARED_MEMORY_BYTES = 256 * MIB
_USUAL_CPU_SHARES = 1024


@dataclass(frozen=True)
class Order:
    """What is wanted."""

    label: str
    limits: Limits
    image: Image
    network: str = "none"
    name_servers: tuple[str, ...] = ()
    programs: Programs = field(default_factory=dict)


@dataclass
class Made:
    """What there is so far: everything in it is to be removed. The user of its commands, and the keeper's."""

    name: str
    uid: int = field(default_factory=lambda: _UIDS[int.from_bytes(os.urandom(4)) % len(_UIDS)])
    volumes: list[str] = field(default_factory=list)
    network: str = ""
    programs: str = ""  # a volume that stays
    container: str = ""
    quota: bool = True
    warnings: tuple[str, ...] = ()

    @property
    def keeper(self) -> int:
        return self.uid + 1


def new_name(label: str) -> str:
    return f"hive-{label}-{os.urandom(4).hex()}"


def make(client: APIClient, engine: Engine, order: Order, made: Made) -> None:
    """Fill `made`: the container is there, with programs and an empty workspace of the job's, and does not run yet."""
    labels = marks(engine.installation, order.label)
    with telling("The container cannot be made"):
        for part in ("workspace", "home"):
            made.volumes.append(_make_volume(client, f"{made.name}-{part}", labels, order.limits, made))
        _give_to_the_job(client, order.image.name, labels, made)
        if order.programs:
            made.programs = programs.volume_for(client, engine, order.programs)
        answer = client.create_container(
            order.image.name,
            ["-c", KEEPER],
            entrypoint=["/bin/sh"],
            name=made.name,
            hostname="sandbox",
            user=f"{made.keeper}:{made.keeper}",
            working_dir="/",
            stdin_open=True,  # with `detach` off it is closed as soon as Hive's end of it is
            detach=False,
            labels=labels,
            healthcheck={"test": ["NONE"]},
            host_config=_host_config(client, order, made),
        )
        made.container = answer["Id"]
        made.warnings = tuple(answer.get("Warnings") or ())
    if made.programs:
        programs.fill(client, engine, order.programs, made.programs, made.container)


def _make_volume(client: APIClient, name: str, labels: dict[str, str], limits: Limits, made: Made) -> str:
    """With a quota where the engine's disk has them."""
    from docker.errors import APIError

    if made.quota:
        try:
            client.create_volume(name, labels=labels, driver_opts={"size": str(limits.disk_bytes)})
            return name
        except APIError as error:
            if "quota" not in str(error.explanation):
                raise
            made.quota = False
    client.create_volume(name, labels=labels)
    return name


def _give_to_the_job(client: APIClient, image: str, labels: dict[str, str], made: Made) -> None:
    """The engine makes volumes that belong to root, and a container without privileges could not change that.

    So a first container, which never runs, has the folders unpacked over the mount points.
    """
    first = client.create_container(
        image,
        ["true"],
        name=f"{made.name}-first",
        labels=labels,
        host_config=client.create_host_config(**_mounts(made)),
    )["Id"]
    try:
        client.put_archive(first, "/", _folders(made.uid))
    finally:
        client.remove_container(first, force=True)


def _folders(uid: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in (WORKSPACE, HOME):
            member = tarfile.TarInfo(name.strip("/"))
            member.type, member.mode, member.uid, member.gid = tarfile.DIRTYPE, 0o755, uid, uid
            archive.addfile(member)
    return buffer.getvalue()


def _mounts(made: Made) -> dict[str, Any]:
    places = zip(made.volumes, (WORKSPACE, HOME), strict=True)
    return {
        "network_mode": "none",
        "binds": {volume: {"bind": place, "mode": "rw"} for volume, place in places},
        "log_config": {"Type": "none"},
    }


def _host_config(client: APIClient, order: Order, made: Made) -> dict[str, Any]:
    limits = order.limits
    in_memory = min(limits.tmp_bytes, limits.memory_bytes // 2)
    mounts = _mounts(made)
    if made.programs:  # nothing of the image's may get into a volume that others use
        mounts["binds"][made.programs] = {"bind": programs.PLACE, "mode": "ro,nocopy"}
    config = client.create_host_config(
        **mounts | {"network_mode": order.network},
        read_only=True,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        privileged=False,
        init=True,
        ipc_mode="private",
        pids_limit=limits.processes + _SPARE_PROCESSES,
        mem_limit=limits.memory_bytes,
        memswap_limit=limits.memory_bytes,  # memory and swap together: no swap
        nano_cpus=limits.cpus * 10**9,
        cpu_shares=_USUAL_CPU_SHARES // 2,
        oom_score_adj=1000,  # when the machine itself has no memory left, a job is ended before Hive
        shm_size=min(_SHARED_MEMORY_BYTES, in_memory),
        # The folders that the image declares would become volumes that nobody bounds.
        tmpfs=dict.fromkeys((TMP, *order.image.volumes), f"size={in_memory},mode=1777,nosuid,nodev,exec"),
        ulimits=_ulimits(limits),
        dns=list(order.name_servers) or None,
        restart_policy={"Name": "no"},
    )
    return dict(config)


def _ulimits(limits: Limits) -> list[Ulimit]:
    from docker.types import Ulimit

    bounds = {"core": 0, "nofile": _OPEN_FILES, "fsize": limits.disk_bytes + _SPARE_FILE_BYTES}
    return [Ulimit(Name=name, Soft=value, Hard=value) for name, value in bounds.items()]


def remove(client: APIClient, engine: Engine, label: str, made: Made) -> list[str]:
    """Everything, in the order in which it can go; what could not be removed is told, and left to the janitor."""
    left = []
    if made.container:
        left += _removing(f"container {made.name}", lambda: client.remove_container(made.container, force=True, v=True))
    left += _removing("", lambda: client.remove_container(f"{made.name}-first", force=True, v=True))
    labels = marks(engine.installation, label)
    for volume in made.volumes:
        left += _removing(f"volume {volume}", lambda volume=volume: remove_volume(client, engine, volume, labels))
    if made.network:
        left += _removing(f"network {made.network}", lambda: client.remove_network(made.network))
    return left


def _removing(what: str, remove_it: Any) -> list[str]:
    from docker.errors import NotFound

    try:
        with telling(f"{what} cannot be removed"), contextlib.suppress(NotFound):
            remove_it()
    except SandboxError as error:
        return [str(error)]
    return []
