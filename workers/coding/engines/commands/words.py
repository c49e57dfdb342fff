"""What the commands may read: the task, and what the tests said of the round before."""

from __future__ import annotations

from collections.abc import Mapping

from apps.specs.schema import Task

TASK_FILE = ".hive/task.md"  # in the workspace; nothing below .hive is committed


def told(task: Task, failure: str) -> str:
    """The file for those that read: a program with a model of its own wants to know what to do."""
    parts = [f"# {task.title}", task.description.strip()]
    if task.requirements:
        parts.append("\n".join(["## Requirements", *(f"- {one.text}" for one in task.requirements)]))
    if task.outputs:
        parts.append("\n".join(["## Promised", *(f"- {one.path}" for one in task.outputs)]))
    if failure:
        parts.append(f"## The tests have failed\n{failure}")
    return "\n\n".join(part for part in parts if part) + "\n"


def variables(task: Task, round: int) -> Mapping[str, str]:
    return {"HIVE_TASK": task.id, "HIVE_ROUND": str(round)}
