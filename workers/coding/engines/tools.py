"""The tools of a model beside those of its desk: the web, the project's memory, a person, a colleague."""

from __future__ import annotations

from collections.abc import Callable

from apps.runs.services.active import ActiveJob
from apps.runs.services.delegate import DEEPEST, depth_of
from apps.specs.schema.limits import Constraints
from workers.delegating import JobColleague
from workers.kept import KeptTrajectory
from workers.llm.tools.delegate import delegate
from workers.llm.tools.desk import Desk
from workers.llm.tools.memory import memory_tools
from workers.llm.tools.port import Instrument
from workers.llm.tools.web import web_tools
from workers.people import ask_tools
from workers.remembering import JobMemory
from workers.repo.worktree import Worktree
from workers.web.fetch import Web


def tools_of(
    job: ActiveJob, tree: Worktree, snapshots: str, trajectory: KeptTrajectory, limits: Constraints
) -> Callable[[Desk], list[Instrument]]:
    """What is not needed, or would be refused, is not offered: the web without a network, a colleague at the bottom."""
    web = web_tools(Web()) if limits.network == "internet" else []
    deep = depth_of(job.run) >= DEEPEST

    def tools(desk: Desk) -> list[Instrument]:
        colleague = JobColleague(job, desk, tree.repository, lambda: tree.snapshot(snapshots), lambda: trajectory.count)
        return [
            *web,
            *memory_tools(JobMemory(job)),
            *ask_tools(job),
            *([] if deep else [delegate(colleague)]),
        ]

    return tools
