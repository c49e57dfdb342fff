"""Which target runs a release, by its name in the spec."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from django.conf import settings

from apps.runs.outcome import JobFailed
from apps.runs.states import Reason
from workers.deployment.host.client import HostClient
from workers.deployment.targets.building import Builder
from workers.deployment.targets.compose import ComposeTarget
from workers.deployment.targets.docker import DockerTarget
from workers.deployment.targets.making import Rules
from workers.deployment.targets.port import Target
from workers.deployment.targets.process import ProcessTarget
from workers.engine import engine


def target_for(name: str) -> Target:
    """Raises JobFailed for a target that this installation does not have."""
    try:
        return TARGETS[name]()
    except KeyError:
        message = f"There is no target {name!r} on this installation. Known: {', '.join(TARGETS)}."
        raise JobFailed(Reason.INVALID_SPEC, message) from None


def _process() -> Target:
    home = settings.HOME
    return ProcessTarget(home.releases, Builder(home.work), _host())


def _docker() -> Target:
    home = settings.HOME
    return DockerTarget(home.releases, Builder(home.work), _host(), rules())


def _host() -> HostClient:
    return HostClient(settings.HOME.socket("host"), front=settings.RELEASE_HOST)


def _compose() -> Target:
    return ComposeTarget(settings.HOME.releases, HostClient(settings.HOME.socket("host")), rules())


def rules() -> Rules:
    return Rules(installation(), engine())


def installation() -> str:
    """What tells this installation's containers from those of others on the same engine."""
    return hashlib.sha256(f"{settings.SECRET_KEY} {settings.HOME.root}".encode()).hexdigest()[:12]


TARGETS: dict[str, Callable[[], Target]] = {"process": _process, "docker": _docker, "compose": _compose}
