"""host.json: what the host must bring back after it was killed.

The file is replaced as a whole and synced before anything is done, so at each moment it holds a state that the host
was in or was about to enter. A change that cannot be written is not made.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from workers.deployment.host.errors import HostFailed
from workers.deployment.host.plan import Plan
from workers.deployment.host.views import Exit

VERSION = 1


@dataclass(frozen=True)
class Kept:
    """A release that was started here. With `wanted` and no `exit` it is started again with the host."""

    plan: Plan
    wanted: bool = True
    launches: int = 0
    exit: Exit | None = None

    @property
    def comes_back(self) -> bool:
        return self.wanted and self.exit is None


@dataclass(frozen=True)
class Route:
    """An environment: its port for good, and which release is behind it."""

    port: int
    release: str | None
    generation: int


@dataclass(frozen=True)
class Memory:
    releases: Mapping[str, Kept] = field(default_factory=dict)
    routes: Mapping[str, Route] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "releases": {name: {**asdict(kept), "plan": kept.plan.as_json()} for name, kept in self.releases.items()},
            "routes": {name: asdict(route) for name, route in self.routes.items()},
        }

    @classmethod
    def read(cls, value: Mapping[str, Any]) -> Memory:
        if value["version"] != VERSION:
            raise ValueError(f"version {value['version']}, not {VERSION}")
        releases = {
            name: Kept(
                Plan.read(kept["plan"]),
                kept["wanted"],
                kept["launches"],
                Exit(**kept["exit"]) if kept["exit"] else None,
            )
            for name, kept in value["releases"].items()
        }
        return cls(releases, {name: Route(**route) for name, route in value["routes"].items()})


class MemoryFile:
    """The current Memory, and the file that agrees with it. To be used from one thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.now = Memory()

    def load(self) -> str:
        """Read the file, if there is one. The sentence that comes back says what could not be used; mostly empty."""
        try:
            self.now = Memory.read(json.loads(self.path.read_bytes()))
        except FileNotFoundError:
            return ""
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            # Written by another version, or by hand. Sites that were in it are gone until they are deployed again;
            # a host that refuses to start would keep the next deployment away too.
            aside = self.path.with_suffix(".unreadable.json")
            self.path.replace(aside)
            return f"{self.path} cannot be read ({error!r}). It is kept as {aside.name}; deploy again what was in it."
        return ""

    def keep(self, name: str, kept: Kept) -> None:
        self._commit(replace(self.now, releases={**self.now.releases, name: kept}))

    def note(self, name: str, kept: Kept) -> str:
        """Keep what has happened already, written or not; the sentence that comes back says why it is not."""
        try:
            self.keep(name, kept)
        except HostFailed as error:
            self.now = replace(self.now, releases={**self.now.releases, name: kept})
            return str(error)
        return ""

    def forget(self, name: str) -> None:
        self._commit(replace(self.now, releases={key: kept for key, kept in self.now.releases.items() if key != name}))

    def route(self, environment: str, route: Route) -> None:
        self._commit(replace(self.now, routes={**self.now.routes, environment: route}))

    def _commit(self, memory: Memory) -> None:
        fresh = self.path.with_suffix(".tmp")
        try:
            # 0600: a plan holds the variables of a release, and some of them are secrets.
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "w") as file:
                json.dump(memory.as_json(), file)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self.path)
            _sync_folder(self.path.parent)
        except OSError as error:
            raise HostFailed(f"{self.path} cannot be written ({error.strerror}), so nothing was changed.") from error
        self.now = memory


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
