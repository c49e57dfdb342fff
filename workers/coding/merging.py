"""Bring the work of several tasks together."""

from __future__ import annotations

from collections.abc import Iterable

from apps.events.models import EventType
from apps.runs.models import Task
from apps.runs.outcome import JobFailed, Outcome, counted, done
from apps.runs.services.active import ActiveJob
from apps.runs.states import Reason
from workers.places import repository_of
from workers.repo.merge import MergeConflict, merge_all
from workers.repo.repository import Repository


def start_of(job: ActiveJob, repository: Repository) -> str:
    """The commit on which the task begins: its own last one in a repair round, else all that it builds on, merged."""
    return job.task.commit or origin_of(job, repository)


def origin_of(job: ActiveJob, repository: Repository) -> str:
    """All that the task builds on, merged: where its first round began."""
    task = job.task
    needed = Task.objects.filter(run=job.run, key__in=task.needs).order_by("position")
    return _merge(repository, job.run.base_commit, needed)


def merge(job: ActiveJob) -> Outcome:
    """The work of coding.merge: every task's commit, in topological order."""
    job.emit(EventType.PHASE, name="merge")
    repository = repository_of(job.run.project)
    tasks = list(job.run.tasks.order_by("position"))
    commit = _merge(repository, job.run.base_commit, tasks)
    repository.set_branch(f"hive/run-{job.run.pk}/merged", commit)
    job.print(f"Merged {len(tasks)} tasks: {commit[:12]}.")
    return done(f"{counted(len(tasks), 'task')} merged", commit=commit)


def _merge(repository: Repository, base: str, tasks: Iterable[Task]) -> str:
    try:
        return merge_all(repository, base, [(task.key, task.commit) for task in tasks])
    except MergeConflict as conflict:
        raise JobFailed(Reason.MERGE_CONFLICT, f"The task {conflict}", files=conflict.files) from conflict
