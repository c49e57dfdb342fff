"""What the model is told at the beginning: who it is, and what the task asks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from apps.specs.schema import Task
from workers.coding.engines.beginning import seen_inside
from workers.coding.engines.port import Assignment
from workers.llm.port import Message, Role
from workers.llm.prompts import prompt
from workers.sandbox.port import WORKSPACE, Sandbox

LONGEST_FAILURE = 8_000
SEALED = (
    "\nThe tests below acceptance_tests were written by somebody else, from the requirements, before you began."
    " Read them: they say what is expected. You cannot change them; whatever you do there is undone.\n"
)


def opening(assignment: Assignment, sandbox: Sandbox, home: str) -> list[Message]:
    """The system prompt and the task. `home`: where relative paths begin."""
    task = assignment.task
    network = "There is a network." if task.constraints.network == "internet" else "There is no network."
    return [
        Message(
            Role.SYSTEM, prompt("coder", home=seen_inside(home, sandbox), network=network, workspace=sandbox.workspace)
        ),
        Message(Role.USER, task_text(task, assignment.failure, assignment.acceptance)),
    ]


def task_text(task: Task, failure: str = "", acceptance: Sequence[str] = ()) -> str:
    told = f"\n## What the tests said of the work so far\n{failure[-LONGEST_FAILURE:]}" if failure else ""
    return prompt(
        "task",
        id=task.id,
        title=task.title,
        description=task.description or task.title,
        outputs=_list(output.path for output in task.outputs),
        requirements=_requirements(task),
        tests=_list([*(f"`{test.run}`" for test in task.tests), *(f"`{run}`, from {WORKSPACE}" for run in acceptance)]),
        sealed=SEALED if acceptance else "",
        failure=told,
    )


def _requirements(task: Task) -> str:
    lines = _list(f"{one.id}: {one.text}" for one in task.requirements)
    return f"\n## Requirements\n{lines}\n" if task.requirements else ""


def _list(things: Iterable[str]) -> str:
    lines = [f"- {thing}" for thing in things]
    return "\n".join(lines) or "- nothing in particular"
