"""Removes what no living job owns: containers, networks and volumes of this installation, and of no other.

A container whose worker has died has ended by itself already; what is left of it takes room and names only. It is not
for the janitor to know which jobs live: it lists first, and asks then, so that what is made meanwhile is not touched.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from workers.sandbox.docker.engine import Engine, connect, telling
from workers.sandbox.docker.marks import HOME, KIND, PROGRAMS, belongs_to_a_job
from workers.sandbox.docker.volumes import remove_volume
from workers.sandbox.port import SandboxError

if TYPE_CHECKING:
    from docker import APIClient

# A sandbox of no job (a build, a trial) has no lease to ask about. It may be being made; and it ends with its owner.
_MAKING_TAKES_S = 900.0
_PATIENCE_S = 10.0
_PROGRAMS_KEPT_S = 7 * 24 * 3600.0  # then whoever needs them brings them anew; the engine keeps what is mounted
_REMOVING_S = 300  # a volume with millions of files


@dataclass(frozen=True)
class Found:
    """One thing on the engine."""

    what: str  # container, network, volume
    name: str
    labels: dict[str, str]
    age_s: float
    running: bool = False

    @property
    def label(self) -> str:
        return self.labels[KIND]

    def is_left_over(self, live: Collection[str], in_use: Collection[str]) -> bool:
        if self.what == "volume" and PROGRAMS in self.labels:
            return self.age_s > _PROGRAMS_KEPT_S
        if belongs_to_a_job(self.labels):
            return self.label not in live
        return self.label not in in_use and self.age_s > _MAKING_TAKES_S


def sweep(engine: Engine, live_labels: Callable[[], Collection[str]]) -> list[str]:
    """Returns what was removed. Raises EngineAway where no engine answers. Safe to run several times at once."""
    client = connect(_PATIENCE_S)
    client.timeout = _REMOVING_S
    try:
        with telling("What is left over cannot be listed"):
            found = list(_everything(client, {"label": [KIND, f"{HOME}={engine.installation}"]}))
        live = live_labels() if found else ()
        in_use = {each.label for each in found if each.running}
        left_over = [each for each in found if each.is_left_over(live, in_use)]
        return [f"{each.what} {each.name}" for each in left_over if _go(client, engine, each)]
    finally:
        client.close()


def _everything(client: APIClient, mine: dict[str, Any]) -> Iterator[Found]:
    """Containers first: networks and volumes can go when nothing uses them. The engine's clock is what counts."""
    now = _time_of(client.info()["SystemTime"])
    for each in client.containers(all=True, filters=mine):
        age_s, running = now - float(each["Created"]), each["State"] not in ("exited", "dead", "created")
        yield Found("container", each["Id"], each["Labels"], age_s, running)
    for each in client.networks(filters=mine):
        yield Found("network", each["Id"], each["Labels"], now - _time_of(each["Created"]))
    for each in client.volumes(filters=mine)["Volumes"] or ():
        yield Found("volume", each["Name"], each["Labels"], now - _time_of(each["CreatedAt"]))


def _time_of(text: str) -> float:
    """RFC 3339, to the second; its zone is `Z` or an offset, after a fraction of any length."""
    zone = text[19:].lstrip(".0123456789")
    with suppress(ValueError):
        return datetime.fromisoformat(text[:19] + ("+00:00" if zone in ("", "Z") else zone)).timestamp()
    return time.time()


def _go(client: APIClient, engine: Engine, found: Found) -> bool:
    """False where somebody else was faster, or something still holds it: the next round tries again."""
    try:
        with telling(f"{found.what} {found.name} cannot be removed"):
            if found.what == "container":
                client.remove_container(found.name, force=True, v=True)
            elif found.what == "network":
                client.remove_network(found.name)
            else:
                remove_volume(client, engine, found.name, found.labels)
    except SandboxError:
        return False
    return True
