"""ComposeTarget: a stack of containers per release, of the product's own compose file."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import cast

from apps.specs.problems import Problems
from workers.deployment.composefile.read import in_order, read
from workers.deployment.composefile.schema import ComposeFile, ServiceOf
from workers.deployment.containers.commit import Commit, NotAFile
from workers.deployment.containers.engine import engine
from workers.deployment.containers.inspecting import Image
from workers.deployment.containers.stack import Condition, Health, Mount, Service, Stack
from workers.deployment.targets.docker import EVERYWHERE
from workers.deployment.targets.making import Making, refused
from workers.deployment.targets.port import Build
from workers.deployment.targets.stacked import StackTarget

TMP = "/tmp"  # noqa: S108 - of the container
LEAST_MEMORY_BYTES = 16 * 2**20
LEAST_PIDS = 8


class Unfit(Exception):
    """The file is right in itself, but no release can be made of it; the sentence says why."""


class ComposeTarget(StackTarget):
    kind = "compose"

    def _stack(self, making: Making) -> tuple[Build, Stack | None]:
        with making.commit() as commit:
            name = posixpath.normpath(posixpath.join(making.below, making.recipe.compose))
            problems = Problems()
            try:
                file = read(commit.text(name), making.recipe.env, making.rules.allows, problems)
                if file is None:
                    return refused(name, problems.sorted()), None
                front = _front(file, making.recipe.service)
                memory = _shares("mem_limit", file, making.recipe.limits.memory_bytes, LEAST_MEMORY_BYTES)
                pids = _shares("pids_limit", file, making.recipe.limits.processes, LEAST_PIDS)
            except (NotAFile, Unfit) as error:
                return Build(False, f"{name}: {error}", exit_code=None), None
            for service in in_order(file):
                build = _image(making, commit, posixpath.dirname(name), service, file.services[service])
                if not build.ok:
                    return build, None
        return Build(True, f"Built, {len(file.services)} services."), _stack_of(making, file, front, memory, pids)


def _front(file: ComposeFile, wish: str) -> str:
    """The service that visitors see."""
    found = [wish] if wish else [name for name, one in file.services.items() if one.ports] or list(file.services)
    if len(found) != 1:
        raise Unfit(f"several services could be what visitors see ({', '.join(found)}). Name one: deploy.service.")
    if found[0] not in file.services:
        raise Unfit(f"there is no service {found[0]!r}, which deploy.service names.")
    if any(mount.source for mount in file.services[found[0]].volumes):
        raise Unfit(
            f"service {found[0]!r} is what visitors see, so the old and the new one run side by side for a while, and "
            "must not write the same volume. Keep the data in another service."
        )
    return found[0]


def _shares(key: str, file: ComposeFile, whole: int, least: int) -> Mapping[str, int]:
    """What each service gets of what deploy.limits gives to all: as it says, or a like part of the rest."""
    said = {name: value for name, one in file.services.items() if (value := getattr(one, key)) is not None}
    open_ = [name for name in file.services if name not in said]
    rest = whole - sum(said.values())
    if rest < 0 or (open_ and rest // len(open_) < least):
        raise Unfit(f"the services ask for more ({key}) than deploy.limits gives to all of them together ({whole}).")
    return {name: said.get(name) or rest // len(open_) for name in file.services}


def _image(making: Making, commit: Commit, folder: str, name: str, service: ServiceOf) -> Build:
    if service.build is None:
        return making.fetched([service.image]) or Build(True, "")
    below = posixpath.normpath(posixpath.join(folder, service.build.context))
    below = "" if below == "." else below
    text = making.checked(commit, posixpath.join(below, service.build.dockerfile))
    if isinstance(text, Build):
        return text
    return making.make(commit, name, below, text, arguments=service.build.args, target=service.build.target)


def _stack_of(
    making: Making, file: ComposeFile, front: str, memory: Mapping[str, int], pids: Mapping[str, int]
) -> Stack:
    recipe, limits = making.recipe, making.recipe.limits
    services, port = [], recipe.listens or recipe.port
    with engine() as client:
        for name in in_order(file):
            said = file.services[name]
            image = Image(client, making.tag(name) if said.build else said.image, making.marks)
            env: Mapping[str, str] = said.environment
            if name == front:
                port = recipe.listens or _only(said.ports) or _only(said.expose) or image.port or recipe.port
                env = {"BIND": EVERYWHERE, **recipe.env, **env, "PORT": str(port)}
            services.append(
                Service(
                    name=name,
                    image=image.id,
                    user=image.user(said.user or ""),
                    command=said.command,
                    entrypoint=said.entrypoint,
                    env=env,
                    cwd=said.working_dir or "",
                    mounts=tuple(Mount(one.target, one.source, one.read_only) for one in said.volumes),
                    tmpfs=tuple(dict.fromkeys((TMP, *said.tmpfs))),
                    read_only=said.read_only,
                    memory_bytes=memory[name],
                    cpus=min(said.cpus or limits.cpus, limits.cpus),
                    pids=pids[name],
                    needs=cast(Mapping[str, Condition], said.depends_on),
                    health=_health(said),
                    restart=said.restart != "no" and name != front,
                    init=said.init,
                )
            )
    rules = making.rules
    return Stack(rules.installation, recipe.environment, recipe.hostname, front, port, tuple(services), making.way)


def _only(ports: tuple[int, ...]) -> int:
    return ports[0] if len(ports) == 1 else 0


def _health(said: ServiceOf) -> Health | None:
    health = said.healthcheck
    if health is None:
        return None
    return Health(health.test, health.interval, health.timeout, health.retries, health.start_period or 0.0)
