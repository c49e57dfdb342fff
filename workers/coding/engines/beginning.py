"""Where an engine with a model begins: at the task's inputs, or where an attempt that was interrupted had come to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apps.specs.schema import Task
from workers.coding.engines.port import Assignment
from workers.coding.engines.template import TemplateEngine
from workers.llm.loop.trajectory import Trajectory
from workers.repo.worktree import Worktree
from workers.sandbox.port import WORKSPACE, Sandbox

MAKE_TIMEOUT_S = 30.0


def settle(sandbox: Sandbox, task: Task, tree: Worktree) -> str:
    """Where its commands start and relative paths begin. A folder that is only promised is made, so that all may start
    there."""
    home, is_new = home_of(task, tree)
    if is_new:
        name = home.removeprefix(f"{WORKSPACE}/")
        sandbox.run(["mkdir", "-p", "--", name], timeout_s=MAKE_TIMEOUT_S, on_output=_nothing)
    return home


def home_of(task: Task, tree: Worktree) -> tuple[str, bool]:
    """Its own folder, if that is there or something is promised below it, else the workspace; and whether it is yet to
    be made."""
    if (tree.path / task.home.removeprefix(f"{WORKSPACE}/")).is_dir():
        return task.home, False
    promised = any(output.path.startswith(f"{task.home}/") for output in task.outputs)
    return (task.home, True) if promised else (WORKSPACE, False)


def seen_inside(home: str, sandbox: Sandbox) -> str:
    """The same place as commands in the sandbox name it."""
    return sandbox.workspace + home.removeprefix(WORKSPACE)


def _nothing(_data: bytes) -> None:
    """Making a folder prints nothing that matters."""


@dataclass(frozen=True)
class Beginning:
    """`turns`: how many messages of an interrupted attempt there are. `deploy`: what a template says of deploying."""

    turns: int
    deploy: dict[str, Any]


def begin(
    assignment: Assignment, worktree: Path, tree: Worktree, trajectory: Trajectory, inputs: TemplateEngine
) -> Beginning:
    """The files as the last step left them; or else the task's inputs, from which the first step begins."""
    turns = trajectory.load()
    if turns:
        assignment.put(f"Going on after {len(turns)} messages of an attempt that was interrupted.")
    if last := next((turn.snapshot for turn in reversed(turns) if turn.snapshot), ""):
        tree.restore(last)
    elif assignment.round == 1:
        return Beginning(len(turns), inputs.write_code(assignment, worktree).deploy)
    return Beginning(len(turns), inputs.deploy_of(assignment.task))
