"""Pack what an agent's commands begin with: the task's base with its inputs laid down, to the byte."""

from __future__ import annotations

from apps.events.models import EventType
from apps.runs.outcome import Outcome, done, failed
from apps.runs.services.active import ActiveJob
from apps.runs.states import Reason
from apps.specs.schema import Task as TaskSpec
from workers.coding.engines.beginning import home_of
from workers.coding.engines.choose import snapshots_of, template_engine
from workers.coding.engines.commands.engine import lay_inputs
from workers.coding.engines.commands.words import TASK_FILE, told, variables
from workers.coding.engines.port import Assignment, EngineFailed
from workers.coding.failure import last_failure
from workers.coding.merging import start_of
from workers.packages import put_package
from workers.places import repository_of, require_room, worktree_of
from workers.repo.worktree import checkout


def pack(job: ActiveJob) -> Outcome:
    """The work of coding.pack. Done twice, there are two packages, and the second one counts."""
    job.emit(EventType.PHASE, name="pack", task=job.task.key)
    require_room()
    spec, round = TaskSpec.model_validate(job.task.spec), job.row.round
    repository = repository_of(job.run.project)
    base, failure = start_of(job, repository), last_failure(job.task, round)
    with checkout(repository, base, worktree_of(job)) as tree:
        try:
            lay_inputs(template_engine(), Assignment(spec, round, failure, job.emit, job.print), tree.path)
        except EngineFailed as error:
            return failed(Reason(error.reason), str(error))
        commit = tree.snapshot(snapshots_of(job))
        home, new_home = home_of(spec, tree)
    package = put_package(repository, commit)
    job.print(f"Packed {commit[:12]}: {package['size_bytes']:,} bytes, SHA-256 {package['sha256']}")
    return done(
        f"{package['size_bytes']:,} bytes of {commit[:12]}",
        commit=commit,
        base=repository.tree_at(base, ""),
        home=home,
        new_home=new_home,
        files={TASK_FILE: told(spec, failure)},
        env=dict(variables(spec, round)),
        package=package,
    )
