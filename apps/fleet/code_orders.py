"""The order of a task's commands: what an agent has to know to write its code as Hive's own workers would."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from apps.fleet.order import WORKSPACE, Bounds, Command, Order, Package
from apps.fleet.test_orders import packed_for
from apps.runs.models import Job
from apps.specs.schema import Task as TaskSpec

VERSION = 3
IN_A_NEW_FOLDER = 'mkdir -p -- "$0" && cd -- "$0" && exec sh -c "$1"'  # git knows no empty folders


def order_of_code(job: Job) -> Order:
    """The task's commands in one sandbox, until one fails; then the workspace as they left it.

    Its secrets are named; their values come when it is handed out.
    """
    assert job.task is not None  # noqa: S101 - such a job is always made with its task
    task, packed = TaskSpec.model_validate(job.task.spec), packed_for(job)
    commands, limits = tuple(_commands(task, packed)), task.constraints
    return Order(
        commands=commands,
        image=limits.image or "",
        sandbox=limits.sandbox or "",
        env=packed["env"],
        secrets=dict.fromkeys(task.secrets, ""),
        package=Package(**packed["package"]),
        files=packed["files"],
        bounds=Bounds(
            cpus=max(1, round(limits.cpus)),
            memory_bytes=limits.memory_bytes,
            processes=limits.pids,
            disk_bytes=limits.disk_bytes,
            timeout_s=sum(command.timeout_s for command in commands),
            artifacts=1,
            artifact_bytes=limits.disk_bytes,
        ),
        network=limits.network == "internet",
        tree=True,
        version=VERSION,
    )


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
