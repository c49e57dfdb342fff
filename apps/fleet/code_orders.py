"""The order of a task's commands: what an agent has to know to write its code as Hive's own workers would."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from apps.fleet.order import WORKSPACE, Command, Order
from apps.fleet.task_orders import ordered, packed_for
from apps.runs.models import Job
from apps.specs.schema import Task as TaskSpec

VERSION = 3
IN_A_NEW_FOLDER = 'mkdir -p -- "$0" && cd -- "$0" && exec sh -c "$1"'  # git knows no empty folders


def order_of_code(job: Job) -> Order:
    """The task's commands in one sandbox, until one fails; then the workspace as they left it."""
    assert job.task is not None  # noqa: S101 - such a job is always made with its task
    task, packed = TaskSpec.model_validate(job.task.spec), packed_for(job)
    order = ordered(task, packed, tuple(_commands(task, packed)), VERSION)
    bounds = replace(order.bounds, artifacts=1, artifact_bytes=task.constraints.disk_bytes)
    return replace(order, env=packed["env"], files=packed["files"], bounds=bounds, tree=True)


def _commands(task: TaskSpec, packed: dict[str, Any]) -> Iterator[Command]:
    home: str = packed["home"]
    for one in task.commands:
        cwd, run = one.dir or home, one.run
        shown = f"{run}    # {task.id}, in {cwd}"
        if packed["new_home"] and not one.dir:
            argv = ("sh", "-c", IN_A_NEW_FOLDER, home.removeprefix(f"{WORKSPACE}/"), run)
            yield Command(argv, shown, one.timeout_s, task.constraints.no_output_s)
        else:
            yield Command(run, shown, one.timeout_s, task.constraints.no_output_s, cwd)
