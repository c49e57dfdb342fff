"""Where a job finds its repository and its scratch space. Every role that touches files asks here."""

from __future__ import annotations

import shutil
from pathlib import Path

from django.conf import settings

from apps.projects.models import Project
from apps.runs.outcome import JobFailed
from apps.runs.services.active import ActiveJob
from apps.runs.states import Reason
from workers.repo.repository import Repository

WORKTREE = "tree-"


def repository_of(project: Project) -> Repository:
    """The project's own bare repository; made at the first call."""
    repository = Repository(settings.HOME.repositories / f"{project.pk}.git")
    repository.ensure(project.default_branch)
    return repository


def work_folder() -> Path:
    """Where sandboxes and worktrees lie, each under the label of its job. Others may pass through it, not look."""
    folder: Path = settings.HOME.work
    folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    return folder


def require_room() -> None:
    """Raises JobFailed where the disk is so full that a job would fail half-way, and take Hive's records with it."""
    free_bytes = shutil.disk_usage(work_folder()).free
    if free_bytes < settings.MIN_FREE_BYTES:
        mib = 1024 * 1024
        message = (
            f"Only {free_bytes // mib} MiB are free below {settings.HOME.root}; jobs start with"
            f" {settings.MIN_FREE_BYTES // mib} MiB or more (HIVE_MIN_FREE_MB). Make room; the job is tried again."
        )
        raise JobFailed(Reason.INFRASTRUCTURE, message)


def worktree_of(job: ActiveJob) -> Path:
    """Where the job's own worktree lies."""
    return work_folder() / f"{WORKTREE}{label_of(job)}"


def label_of(job: ActiveJob) -> str:
    """What marks everything that belongs to this attempt: processes, folders, containers."""
    return label(job.row.pk, job.row.lease_token)


def label(job_id: int, lease_token: str) -> str:
    return f"job-{job_id}-{lease_token[:12]}"
