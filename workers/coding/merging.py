"""Bring the work of several tasks together."""

from __future__ import annotations

from apps.events.models import EventType
from apps.runs.outcome import Outcome, counted, done
from apps.runs.services.active import ActiveJob
from workers.beginning import merged, origin_of
from workers.places import repository_of
from workers.repo.repository import Repository


def start_of(job: ActiveJob, repository: Repository) -> str:
    """The commit on which a round begins: the task's own last one in a repair round, else where the task begins."""
    return job.task.commit or origin_of(job, repository)


def merge(job: ActiveJob) -> Outcome:
    """The work of coding.merge: every task's commit, in topological order."""
    job.emit(EventType.PHASE, name="merge")
    repository = repository_of(job.run.project)
    tasks = list(job.run.tasks.order_by("position"))
    commit = merged(repository, job.run.base_commit, tasks)
    repository.set_branch(f"hive/run-{job.run.pk}/merged", commit)
    job.print(f"Merged {len(tasks)} tasks: {commit[:12]}.")
    return done(f"{counted(len(tasks), 'task')} merged", commit=commit)
