"""The tools of a model beside those of its desk: the web, the project's memory and servers, a person, a colleague."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

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
from workers.tool_servers import tools_of_servers
from workers.web.fetch import Web


def tools_of(
    job: ActiveJob, tree: Worktree, snapshots: str, trajectory: KeptTrajectory, limits: Constraints
) -> Callable[[Desk], AbstractContextManager[list[Instrument]]]:
    """What is not needed, or would be refused, is not offered: the web without a network, a colleague at the bottom."""
    web = web_tools(Web()) if limits.network == "internet" else []
    deep = depth_of(job.run) >= DEEPEST

    @contextmanager
    def tools(desk: Desk) -> Iterator[list[Instrument]]:
        colleague = JobColleague(job, desk, tree.repository, lambda: tree.snapshot(snapshots), lambda: trajectory.count)
        with tools_of_servers(job, desk.sandbox, trajectory) as servers:
            yield [
                *web,
                *memory_tools(JobMemory(job)),
                *ask_tools(job),
                *([] if deep else [delegate(colleague)]),
                *servers,
            ]

    return tools
