"""Where the work on a task begins: for who writes its tests, who writes its code, and who looks what was changed."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings

from apps.runs.models import Run, Task
from apps.runs.outcome import JobFailed
from apps.runs.services.active import ActiveJob
from apps.runs.states import Reason
from workers.acceptance import acceptance_of
from workers.repo.errors import RemoteError
from workers.repo.merge import MergeConflict, merge_all
from workers.repo.remote import TRACKED
from workers.repo.repository import Repository
from workers.repo.weigh import weigh


def branch_tip(run: Run, repository: Repository) -> str:
    """The commit on which the run begins: of the branch that it names, else of the project's. Raises JobFailed.

    Of a branch that both Hive's copy and the origin have, Hive's counts where it goes on from the origin's.
    """
    if not run.from_branch:
        return repository.resolve(f"refs/heads/{run.project.default_branch}")
    own = repository.branches().get(run.from_branch, "")
    theirs = repository.branches(TRACKED).get(run.from_branch, "") if run.has_origin else ""
    tip = own if own and (not theirs or repository.is_ancestor(theirs, own)) else theirs
    if not tip:
        raise JobFailed(Reason.ORIGIN_REFUSED, f"The project {run.project.slug} has no branch {run.from_branch}.")
    try:
        weigh(repository, tip, settings.GIT_LIMIT_BYTES)
    except RemoteError as error:
        raise JobFailed(Reason.ORIGIN_REFUSED, f"The branch {run.from_branch} cannot be used: {error}") from error
    return tip


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
