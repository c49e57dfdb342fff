"""Stack and Service: what a release in containers is made of. They lie in stack.json, so that a host can start it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

FILE = "stack.json"

Condition = Literal["started", "healthy", "completed"]


@dataclass(frozen=True)
class Mount:
    """A named volume of the environment, or (without a name) one of the container's own, filled from its image."""

    path: str
    volume: str = ""
    read_only: bool = False


@dataclass(frozen=True)
class Health:
    """How the engine finds out whether a service is up. Times in seconds."""

    test: tuple[str, ...]
    interval_s: float = 5.0
    timeout_s: float = 5.0
    retries: int = 10
    start_period_s: float = 0.0


@dataclass(frozen=True)
class Service:
    """One container. `image` is an image's id, so that it is the same one for good."""

    name: str
    image: str
    user: str
    command: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str = ""
    mounts: tuple[Mount, ...] = ()
    tmpfs: tuple[str, ...] = ("/tmp",)  # noqa: S108 - of the container
    read_only: bool = True
    memory_bytes: int = 2 * 2**30
    cpus: float = 2.0
    pids: int = 256
    tmp_bytes: int = 64 * 2**20
    needs: Mapping[str, Condition] = field(default_factory=dict)
    health: Health | None = None
    restart: bool = False
    init: bool = True

    @property
    def shared(self) -> bool:
        """It keeps data, so there is one of it per environment: two releases must not write the same files at once."""
        return any(mount.volume for mount in self.mounts)

    @property
    def comes_back(self) -> bool:
        """It is started again when it ends: as it asks, or because no single release watches over it."""
        return self.shared or self.restart

    @property
    def scribbles(self) -> bool:
        """It has a place of its own to write to, which must be as new at each start."""
        return not self.shared and (bool(self.mounts) or not self.read_only)

    @property
    def mark(self) -> str:
        """Changes with everything that is said here: a container with another mark is another one."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Way:
    """A way out: the image of the containers that open it, networks to which it does not lead, and who knows names."""

    image: str
    closed: tuple[str, ...]
    servers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stack:
    """A release in containers. `front` is the service that visitors see, on `port` of its container.

    Without a `way`, nothing leads out of its networks.
    """

    installation: str
    environment: str
    hostname: str
    front: str
    port: int
    services: tuple[Service, ...]
    way: Way | None = None

    def service(self, name: str) -> Service:
        return next(service for service in self.services if service.name == name)

    def way_of(self, service: Service) -> Way | None:
        """What keeps data stays inside: it serves the others, and is shared by releases that may differ in this."""
        return None if service.shared else self.way

    def as_bytes(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def read(cls, path: Path) -> Stack:
        """Raises OSError, and ValueError, KeyError or TypeError for what is no stack."""
        value = json.loads(path.read_bytes())
        way = value["way"]
        way = Way(way["image"], tuple(way["closed"]), tuple(way["servers"])) if way else None
        return cls(**{**value, "services": tuple(_service(one) for one in value["services"]), "way": way})


def _service(value: Mapping[str, Any]) -> Service:
    words = {key: tuple(value[key]) if value[key] is not None else None for key in ("command", "entrypoint")}
    health = value["health"]
    return Service(
        **{
            **value,
            **words,
            "mounts": tuple(Mount(**mount) for mount in value["mounts"]),
            "tmpfs": tuple(value["tmpfs"]),
            "health": Health(**{**health, "test": tuple(health["test"])}) if health else None,
        }
    )
