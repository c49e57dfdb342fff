"""The order of a task's tests: what an agent has to know to run them as Hive's own workers would."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from apps.fleet.order import Bounds, Command, Order, Package
from apps.runs.models import Job
from apps.runs.plan.workflows import PACKS
from apps.specs.schema import WORKSPACE
from apps.specs.schema import Task as TaskSpec
from apps.specs.schema.task import JUNIT

VERSION = 2


def packed_for(job: Job) -> dict[str, Any]:
    """What was packed for this job: `commit`, `home`, and where the package lies."""
    found: dict[str, Any] = Job.objects.get(pk__in=job.needs, step__in=PACKS).outcome
    return found


def order_of_tests(job: Job) -> Order:
    """The task's own commands in one sandbox, then each acceptance test in one of its own; all, also after a red one.

    Its secrets are named; their values come when it is handed out.
    """
    assert job.task is not None  # noqa: S101 - such a job is always made with its task
    task, packed = TaskSpec.model_validate(job.task.spec), packed_for(job)
    commands = tuple(_commands(task, _proofs(job), packed))
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
        version=VERSION,
    )


def _proofs(job: Job) -> list[str]:
    """The shell lines of the tests that the tester wrote."""
    told = job.task.evidence.get("acceptance") if job.task else None
    return [one["run"] for one in (told or {}).get("tests", [])]


def _commands(task: TaskSpec, proofs: list[str], packed: dict[str, Any]) -> Iterator[Command]:
    limits, at = task.constraints, packed["commit"][:12]

    def command(run: str, cwd: str, timeout_s: float, reports: str, *, fresh: bool = False) -> Command:
        shown = f"{run}    # {task.id}, in {cwd}, at {at}"
        return Command(run, shown, timeout_s, limits.no_output_s, cwd, always=True, fresh=fresh, reports=reports)

    for test in task.tests:
        yield command(test.run, test.dir or packed["home"], test.timeout_s, test.junit)
    for line in proofs:
        yield command(line, WORKSPACE, limits.timeout_s, JUNIT, fresh=True)
