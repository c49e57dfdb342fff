"""Which target runs a release, by its name in the spec."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings

from apps.runs.outcome import JobFailed
from apps.runs.states import Reason
from workers.deployment.host.client import HostClient
from workers.deployment.targets.building import Builder
from workers.deployment.targets.port import Target
from workers.deployment.targets.process import ProcessTarget


def target_for(name: str) -> Target:
    """Raises JobFailed for a target that this installation does not have."""
    try:
        return TARGETS[name]()
    except KeyError:
        message = f"There is no target {name!r} on this installation. Known: {', '.join(TARGETS)}."
        raise JobFailed(Reason.INVALID_SPEC, message) from None


def _process() -> Target:
    home = settings.HOME
    return ProcessTarget(home.releases, Builder(home.work), HostClient(home.socket("host")))


TARGETS: dict[str, Callable[[], Target]] = {"process": _process}
