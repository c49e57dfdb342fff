"""CommandsEngine: the task's commands, one after the other in a sandbox; what they leave there is the work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from apps.runs.outcome import counted
from apps.specs.schema import CodeCommand
from workers.agent.runner import REASONS
from workers.coding.engines.beginning import settle
from workers.coding.engines.commands.words import TASK_FILE, told, variables
from workers.coding.engines.port import Assignment, EngineFailed, Written
from workers.coding.engines.template import TemplateEngine
from workers.mirror import Mirror
from workers.repo.worktree import Worktree
from workers.sandbox.port import Ended, Result, Sandbox

OVER = "The commands are over."


@dataclass(frozen=True)
class Means:
    """What it needs. `snapshots`: the name under refs/hive that keeps the files with which the commands begin."""

    open_sandbox: Callable[[], AbstractContextManager[Sandbox]]
    worktree: Worktree
    snapshots: str
    inputs: TemplateEngine
    on_output: Callable[[bytes], None]
    secrets: Mapping[str, str]


class CommandsEngine:
    """Needs no model. Killed and called again, it begins anew: what the commands had done lay in their sandbox."""

    name = "commands"

    def __init__(self, means: Means) -> None:
        self._means = means

    def write_code(self, assignment: Assignment, worktree: Path) -> Written:
        means, deploy = self._means, lay_inputs(self._means.inputs, assignment, worktree)
        start = means.worktree.snapshot(means.snapshots)
        with means.open_sandbox() as sandbox:
            mirror = Mirror(sandbox, means.worktree)
            mirror.fill(start)
            sandbox.write(TASK_FILE, told(assignment.task, assignment.failure).encode(errors="replace"))
            try:
                self._run_all(assignment, sandbox, settle(sandbox, assignment.task, means.worktree))
            finally:
                sandbox.kill(OVER)  # what they left running writes no more
                mirror.sync()
        changed = means.worktree.snapshot(means.snapshots) != start
        return Written(summary(len(assignment.task.commands), changed=changed), deploy)

    def _run_all(self, assignment: Assignment, sandbox: Sandbox, home: str) -> None:
        for command in assignment.task.commands:
            result = self._run(assignment, sandbox, command, command.dir or home)
            if not result.ok:
                raise EngineFailed(f"`{command.run}`: {result.message}", reason_of(result))

    def _run(self, assignment: Assignment, sandbox: Sandbox, command: CodeCommand, cwd: str) -> Result:
        assignment.emit("activity", text=f"Running {command.run}")
        assignment.put(f"$ {command.run}    # {assignment.task.id}, in {cwd}")
        return sandbox.run(
            ["sh", "-c", command.run],
            timeout_s=command.timeout_s,
            no_output_s=assignment.task.constraints.no_output_s,
            on_output=self._means.on_output,
            env={**variables(assignment.task, assignment.round), **self._means.secrets},
            cwd=cwd,
        )


def lay_inputs(inputs: TemplateEngine, assignment: Assignment, worktree: Path) -> dict[str, object]:
    """The files that the commands begin with; a repair round goes on from what there is. What to say of deploying."""
    if assignment.round == 1:
        return inputs.write_code(assignment, worktree).deploy
    return inputs.deploy_of(assignment.task)


def reason_of(result: Result) -> str:
    return "script_failed" if result.ended is Ended.EXITED else REASONS[result.ended]


def summary(commands: int, *, changed: bool) -> str:
    ran = f"{counted(commands, 'command')} ran"
    return f"{ran}." if changed else f"{ran}, and changed nothing."
