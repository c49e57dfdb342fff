"""What the tester is told at the beginning, and when its tests are refused."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from apps.specs.schema import Task, TemplateInput
from workers.llm.port import Message, Role
from workers.llm.prompts import prompt

CONTENT_SHOWN = 4000


def opening(task: Task, deploy: dict[str, Any] | None, folder: str, workspace: str) -> list[Message]:
    """The system prompt and the task."""
    network = "There is a network." if task.constraints.network == "internet" else "There is no network but loopback."
    return [
        Message(Role.SYSTEM, prompt("tester", workspace=workspace, folder=folder, network=network)),
        Message(Role.USER, task_text(task, deploy)),
    ]


def task_text(task: Task, deploy: dict[str, Any] | None) -> str:
    return prompt(
        "requirements",
        id=task.id,
        title=task.title,
        description=task.description or task.title,
        requirements=_list(f"{one.id}: {one.text}" for one in task.requirements),
        outputs=_list(output.path for output in task.outputs),
        inputs=_list(_input(one) for one in task.inputs),
        deploy=_list(f"{key}: {deploy[key]}" for key in ("command", "directory", "dir", "health") if deploy.get(key))
        if deploy
        else "- not at all",
    )


def _input(one: Any) -> str:
    if isinstance(one, TemplateInput):
        return f"the template {one.name} with {one.values}"
    return f"the file {one.path}:\n{one.content[:CONTENT_SHOWN]}"


def _list(things: Iterable[str]) -> str:
    return "\n".join(f"- {thing}" for thing in things) or "- nothing in particular"


def refusal(problems: list[str], left: int) -> str:
    told = "\n".join(f"- {problem}" for problem in problems)
    again = f"Mend that and submit again ({left} more {'time' if left == 1 else 'times'})."
    return f"Hive ran your tests where the code is still missing, and refuses them:\n{told}\n{again}"
