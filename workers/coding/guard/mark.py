"""Look at a job's commit as the guard does, and tell what was found: an event, a line in the log, a mark on the job."""

from __future__ import annotations

from apps.events.models import EventType
from apps.runs.outcome import counted
from apps.runs.services.active import ActiveJob
from apps.specs.schema import WORKSPACE, Guard
from apps.specs.schema import Task as TaskSpec
from workers.beginning import origin_of
from workers.coding.engines.choose import template_engine
from workers.coding.engines.port import Assignment, EngineFailed
from workers.coding.guard.commands import files_of
from workers.coding.guard.secrets import written
from workers.coding.guard.touched import SHOWN, Watch, told, touched
from workers.coding.guard.watched import watcher
from workers.places import worktree_of
from workers.repo.repository import Repository
from workers.repo.worktree import checkout


def mark_touched(job: ActiveJob, repository: Repository, spec: TaskSpec, commit: str) -> list[dict[str, str]]:
    """What the commit touched, after it was told. Templates write what the spec says: there is nothing to watch."""
    if (spec.engine or job.run.engine) == "template":
        return []
    base = origin_of(job, repository)
    found = touched(repository, base, commit, watch_of(job, spec), lambda: _given(job, repository, spec, base))[:SHOWN]
    if found:
        job.print(f"[hive] {told(found)}")
        job.emit(EventType.GUARD, task=spec.id, commit=commit, paths=found, gated=job.run.guarded)
    return found


def mark_secrets(job: ActiveJob, repository: Repository, spec: TaskSpec, commit: str) -> list[dict[str, str]]:
    """Files into which a secret was written, after they were told: whatever is in a commit goes where it is pushed."""
    found = written(repository, origin_of(job, repository), commit, job.secrets)[:SHOWN]
    if found:
        shown = ", ".join(one["path"] for one in found[:10])
        job.print(f"[hive] A secret was written into {counted(len(found), 'file')}: {shown}.")
        job.emit(EventType.GUARD, task=spec.id, commit=commit, paths=found, gated=job.run.guarded)
    return found


def watch_of(job: ActiveJob, spec: TaskSpec) -> Watch:
    guard = Guard.model_validate(job.spec.get("guard", {}))
    more = [*guard.paths, *(path for path in job.run.project.guard_paths if isinstance(path, str))]
    promised = tuple(output.path.removeprefix(f"{WORKSPACE}/") for output in spec.outputs)
    return Watch(watcher(more, guard.allow), frozenset(files_of(job.spec.get("tasks", []))), promised)


def _given(job: ActiveJob, repository: Repository, spec: TaskSpec, base: str) -> str:
    """What the task began with: its inputs written again, on all that it builds on."""
    if not spec.inputs:
        return base
    with checkout(repository, base, worktree_of(job)) as tree:
        try:
            template_engine().write_code(Assignment(spec, 1, "", _quiet, lambda _: None), tree.path)
        except EngineFailed:
            return base  # cannot be written now: then more counts as changed, not less
        return tree.commit("What the task was given")


def _quiet(type: str, **data: object) -> None:
    """These inputs were told of when they were written for the task."""
