"""What the orders of a task's commands and of its tests have in common: what was packed, and what the task may use."""

from __future__ import annotations

from typing import Any

from apps.fleet.order import Bounds, Command, Order, Package
from apps.runs.models import Job
from apps.runs.plan.workflows import PACKS
from apps.specs.schema import Task as TaskSpec


def packed_for(job: Job) -> dict[str, Any]:
    """What was packed for this job: `commit`, `home`, and where the package lies."""
    found: dict[str, Any] = Job.objects.get(pk__in=job.needs, step__in=PACKS).outcome
    return found


def ordered(task: TaskSpec, packed: dict[str, Any], commands: tuple[Command, ...], version: int) -> Order:
    """These commands in what the task's constraints give. Its secrets are named; their values come when it is handed
    out.
    """
    limits = task.constraints
    return Order(
        commands=commands,
        image=limits.image or "",
        sandbox=limits.sandbox or "",
        secrets=dict.fromkeys(task.secrets, ""),
        package=Package(**packed["package"]),
        bounds=Bounds(
            cpus=max(1, round(limits.cpus)),
            memory_bytes=limits.memory_bytes,
            processes=limits.pids,
            disk_bytes=limits.disk_bytes,
            timeout_s=sum(command.timeout_s for command in commands),
        ),
        network=limits.network == "internet",
        version=version,
    )
