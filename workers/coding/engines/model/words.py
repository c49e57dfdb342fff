"""What the model is told at the beginning: who it is, and what the task asks."""

from __future__ import annotations

from collections.abc import Iterable

from apps.specs.schema import Task
from workers.coding.engines.port import Assignment
from workers.llm.port import Message, Role
from workers.llm.prompts import prompt
from workers.sandbox.port import WORKSPACE, Sandbox

LONGEST_FAILURE = 8_000


def opening(assignment: Assignment, sandbox: Sandbox) -> list[Message]:
    """The system prompt and the task."""
    task = assignment.task
    network = "There is a network." if task.constraints.network == "internet" else "There is no network."
    home = sandbox.workspace + task.home.removeprefix(WORKSPACE)
    return [
        Message(Role.SYSTEM, prompt("coder", home=home, network=network, workspace=sandbox.workspace)),
        Message(Role.USER, task_text(task, assignment.failure)),
    ]


def task_text(task: Task, failure: str = "") -> str:
    told = f"\n## What the tests said of the work so far\n{failure[-LONGEST_FAILURE:]}" if failure else ""
    return prompt(
        "task",
        id=task.id,
        title=task.title,
        description=task.description or task.title,
        outputs=_list(output.path for output in task.outputs),
        tests=_list(f"`{test.run}`" for test in task.tests),
        failure=told,
    )


def _list(things: Iterable[str]) -> str:
    lines = [f"- {thing}" for thing in things]
    return "\n".join(lines) or "- nothing in particular"
