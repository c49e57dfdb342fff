"""ModelEngine: prepare the desk, let the loop run, bring back what it made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from apps.specs.schema import Task
from workers.coding.engines.beginning import begin, settle
from workers.coding.engines.model.history import TaskHistory
from workers.coding.engines.model.words import opening
from workers.coding.engines.port import Assignment, EngineFailed, Written
from workers.coding.engines.template import TemplateEngine
from workers.llm.budget import Budget, BudgetExhausted
from workers.llm.loop.condense import Condenser
from workers.llm.loop.ending import reason_of
from workers.llm.loop.loop import Loop, Surroundings
from workers.llm.loop.stuck import Stuck
from workers.llm.loop.trajectory import Said, Trajectory
from workers.llm.port import Model, ModelCanceled, ModelError, OnDelta, ignore
from workers.llm.tools.bounded import Bounds
from workers.llm.tools.desk import Desk
from workers.llm.tools.git import git_tools
from workers.llm.tools.port import Instrument, Toolbox
from workers.llm.tools.standard import tools_for
from workers.llm.tools.submit import submit
from workers.mirror import Mirror
from workers.repo.worktree import Worktree
from workers.sandbox.port import Sandbox

CONTEXT_TOKENS = 100_000


@dataclass(frozen=True)
class Means:
    """What a model needs to work on one task, from whoever has it.

    `snapshots`: the name under refs/hive that keeps the files after each step. `more`: further tools (web, memory …).
    `locked` says why a path may not be changed, or nothing. `said`, `between`: see loop.Surroundings.
    """

    model: Model
    budget: Budget
    trajectory: Trajectory
    open_sandbox: Callable[[], AbstractContextManager[Sandbox]]
    worktree: Worktree
    snapshots: str
    inputs: TemplateEngine
    on_delta: OnDelta = ignore
    locked: Callable[[str], str] = lambda _: ""
    said: Callable[[], Sequence[Said]] = tuple
    between: Callable[[], None] = lambda: None
    more: Callable[[Desk], AbstractContextManager[list[Instrument]]] = lambda _: nullcontext([])
    context_tokens: int = CONTEXT_TOKENS


class ModelEngine:
    """Writes by conversation. Killed and called again with the same trajectory, it goes on after the last step."""

    name = "model"

    def __init__(self, means: Means) -> None:
        self._means = means

    def write_code(self, assignment: Assignment, worktree: Path) -> Written:
        means = self._means
        deploy = begin(assignment, worktree, means.worktree, means.trajectory, means.inputs).deploy
        with means.open_sandbox() as sandbox:
            mirror = Mirror(sandbox, means.worktree)
            mirror.fill(means.worktree.snapshot(means.snapshots))
            desk = desk_for(assignment.task, sandbox, means)
            history = TaskHistory(means.worktree, mirror, desk)
            try:
                with means.more(desk) as more:
                    loop = self._loop(assignment, desk, history, mirror, more)
                    end = loop.run(opening(assignment, sandbox, desk.home))
            except (BudgetExhausted, Stuck, ModelError) as error:
                raise EngineFailed(str(error), reason_of(error)) from error
            except ModelCanceled as error:
                raise EngineFailed(str(error), "canceled_by_user") from error
            finally:
                mirror.sync()
        return Written("\n".join([str(end), *history.notes]), deploy)

    def _loop(
        self, assignment: Assignment, desk: Desk, history: TaskHistory, mirror: Mirror, more: list[Instrument]
    ) -> Loop:
        means = self._means

        def snapshot() -> str:
            return means.worktree.snapshot(means.snapshots) if mirror.sync() else ""

        around = Surroundings(assignment.emit, snapshot, means.said, means.between, means.on_delta)
        tools = [*tools_for(desk), *git_tools(history), *more, submit()]
        box = Toolbox(tools, Bounds(keep=desk.sandbox.write))
        return Loop(means.model, box, means.trajectory, means.budget, around, Condenser(means.context_tokens))


def desk_for(task: Task, sandbox: Sandbox, means: Means) -> Desk:
    return Desk(
        sandbox,
        settle(sandbox, task, means.worktree),
        longest_timeout_s=task.constraints.timeout_s,
        no_output_s=task.constraints.no_output_s,
        locked=means.locked,
    )
