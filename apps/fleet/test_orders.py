"""The order of a task's tests: what an agent has to know to run them as Hive's own workers would."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from apps.fleet.order import Command, Order
from apps.fleet.task_orders import ordered, packed_for
from apps.runs.models import Job
from apps.specs.schema import WORKSPACE
from apps.specs.schema import Task as TaskSpec
from apps.specs.schema.task import JUNIT

VERSION = 2


def order_of_tests(job: Job) -> Order:
    """The task's own commands in one sandbox, then each acceptance test in its own; all, also after a red one."""
    assert job.task is not None  # noqa: S101 - such a job is always made with its task
    task, packed = TaskSpec.model_validate(job.task.spec), packed_for(job)
    return ordered(task, packed, tuple(_commands(task, _proofs(job), packed)), VERSION)


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
