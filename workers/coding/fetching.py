"""Bring the project's repository up to date with its origin: the first step of its runs."""

from __future__ import annotations

from django.conf import settings

from apps.events import clock
from apps.events.models import EventType
from apps.projects.models import Project
from apps.projects.origin import note_fetched
from apps.runs.outcome import Outcome, done
from apps.runs.services.active import ActiveJob
from apps.runs.services.outage import outlast
from workers.origins import origin_for
from workers.places import repository_of, require_room
from workers.repo.errors import RemoteRefused
from workers.repo.remote import TRACKED, Remote
from workers.repo.repository import Repository
from workers.repo.weigh import weigh

KEPT = "hive/kept"


def fetch(job: ActiveJob) -> Outcome:
    """The work of coding.fetch. Twice is the same as once."""
    job.emit(EventType.PHASE, name="fetch")
    require_room()
    with origin_for(job) as remote:
        repository = repository_of(job.run.project)
        branch, commit = bring(repository, remote, job.run.project)
        job.print(f"Fetched {remote.url}: {branch or 'no branch yet'} {commit[:12]}".rstrip())
    outlast(lambda: note_fetched(job.run.project, remote.url, branch, clock.now()), "fetch")
    return done(f"{branch} is at {commit[:12]}" if commit else "The origin is empty", branch=branch, commit=commit)


def bring(repository: Repository, remote: Remote, project: Project) -> tuple[str, str]:
    """Fetch, and let the repository's branch be the origin's. Returns that branch and its commit; empty for an empty
    origin. Raises RemoteError."""
    own, _ = remote.heads()
    branch = project.origin_branch or own
    remote.fetch(repository)
    commit = repository.branches(TRACKED).get(branch, "")
    if commit:
        weigh(repository, commit, settings.GIT_LIMIT_BYTES)
        _take_over(repository, branch, commit)
    elif project.origin_branch:
        raise RemoteRefused(f"It has no branch {branch}.")
    return (branch, commit) if commit else ("", "")


def _take_over(repository: Repository, branch: str, commit: str) -> None:
    """What stood there and is not part of the origin's history is kept under a name of its own."""
    old = repository.branches().get(branch, "")
    if old and not repository.is_ancestor(old, commit) and repository.files(old):
        repository.set_branch(f"{KEPT}/{old[:12]}", old)
    if old != commit:
        repository.set_branch(branch, commit)
