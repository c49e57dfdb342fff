"""CommandsOnAgent: the task's commands have run on an agent; what they left there is taken back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from apps.artifacts.store import NotStored, StoreError, store
from apps.fleet.test_orders import packed_for
from apps.runs.models import Job
from apps.runs.outcome import JobFailed
from apps.runs.plan.workflows import CODE_ON_AGENT
from apps.runs.services.active import ActiveJob
from apps.runs.states import Reason
from workers.agent.runner import REASONS
from workers.coding.engines.commands.engine import summary
from workers.coding.engines.commands.taking_back import take_back
from workers.coding.engines.port import Assignment, EngineFailed, Written
from workers.coding.engines.template import TemplateEngine
from workers.repo.worktree import Worktree
from workers.sandbox.chunks import as_file
from workers.sandbox.port import SandboxError
from workers.sandbox.unpack import Bounds


class CommandsOnAgent:
    """Killed and called again, it takes the same archive once more. `ran`: the agent's job."""

    name = "commands"

    def __init__(self, ran: Job, worktree: Worktree, inputs: TemplateEngine) -> None:
        self.ran = ran
        self.worktree = worktree
        self.inputs = inputs

    def write_code(self, assignment: Assignment, worktree: Path) -> Written:  # noqa: ARG002 - as the port has it
        """Raises JobFailed where nothing can be taken back: then there is nothing to commit either."""
        packed, agent = packed_for(self.ran), self.ran.assignment.agent.name
        self._is_base_of(packed)
        told: list[dict[str, Any]] = self.ran.outcome["commands"]
        for one in told:
            assignment.put(f"$ {one['command']}, on {agent}, in job {self.ran.pk}")
        self._take_back(packed["commit"], agent, assignment.task.constraints.disk_bytes)
        if red := next((one for one in told if one.get("reason")), None):
            raise EngineFailed(f"On {agent}: {red['message']}", _reason(red))
        repository = self.worktree.repository
        left, given = (
            repository.tree_at(one, "")
            for one in (self.worktree.snapshot(f"taken/job-{self.ran.pk}"), packed["commit"])
        )
        deploy = self.inputs.deploy_of(assignment.task)
        return Written(f"On {agent}: {summary(len(told), changed=left != given)}", deploy)

    def _is_base_of(self, packed: Mapping[str, Any]) -> None:
        base = self.worktree.repository.tree_at(self.worktree.base, "")
        if base != packed["base"]:
            message = f"Job {self.ran.pk} began with other files than those on which the task builds now."
            raise JobFailed(Reason.INFRASTRUCTURE, message)

    def _take_back(self, given: str, agent: str, limit_bytes: int) -> None:
        package = self.ran.outcome["package"]
        try:
            tar = as_file(store().get(package["source"]))
            bounds = Bounds(size_bytes=limit_bytes)
            take_back(tar, package["sha256"], package["size_bytes"], self.worktree, given, bounds)
        except (NotStored, SandboxError) as error:
            raise JobFailed(Reason.BAD_PACKAGE, f"What {agent} has handed in was refused. {error}") from error
        except StoreError as error:
            raise JobFailed(Reason.INFRASTRUCTURE, f"What {agent} has handed in cannot be read: {error}") from error


def ran_for(job: ActiveJob) -> Job | None:
    """The agent's job for which this one was waiting."""
    rows = Job.objects.filter(pk__in=job.row.needs, step=CODE_ON_AGENT)
    return rows.select_related("assignment__agent").first()


def _reason(told: Mapping[str, Any]) -> str:
    known = {"script_failed", *REASONS.values()}
    return told["reason"] if told["reason"] in known else "script_failed"
