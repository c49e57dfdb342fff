"""Where the work on a task begins: for who writes its tests, who writes its code, and who looks what was changed."""

from __future__ import annotations

from collections.abc import Iterable

from apps.runs.models import Task
from apps.runs.outcome import JobFailed
from apps.runs.services.active import ActiveJob
from apps.runs.states import Reason
from workers.acceptance import acceptance_of
from workers.repo.merge import MergeConflict, merge_all
from workers.repo.repository import Repository


def origin_of(job: ActiveJob, repository: Repository) -> str:
    """All that the task builds on, merged; with the tests that were written for it, once there are any."""
    task = job.task
    if tests := acceptance_of(task):
        return tests.commit
    needed = Task.objects.filter(run=job.run, key__in=task.needs).order_by("position")
    return merged(repository, job.run.base_commit, needed)


def merged(repository: Repository, base: str, tasks: Iterable[Task]) -> str:
    """Raises JobFailed where two of them changed the same lines."""
    try:
        return merge_all(repository, base, [(task.key, task.commit) for task in tasks])
    except MergeConflict as conflict:
        raise JobFailed(Reason.MERGE_CONFLICT, f"The task {conflict}", files=conflict.files) from conflict
