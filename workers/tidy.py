"""The janitor of work folder and engine: what a killed worker left behind goes, what a live lease owns stays."""

from __future__ import annotations

import logging
import shutil

from django.conf import settings

from apps.runs.models import Job
from apps.runs.states import JobStatus
from workers.engine import engine
from workers.places import WORKTREE, label, work_folder
from workers.sandbox import sweep_stale
from workers.sandbox.docker import janitor
from workers.sandbox.port import SandboxError

logger = logging.getLogger(__name__)


def tidy() -> list[str]:
    """End and remove every sandbox and worktree whose job no longer holds its lease; returns what was removed."""
    work = work_folder()
    # Looked at before the leases: what a job makes after that cannot be taken for a dead one's.
    folders = list(work.glob(f"{WORKTREE}*"))
    live = live_labels()
    removed = sweep_stale(work, live)
    for path in folders:
        if path.name.removeprefix(WORKTREE) not in live:
            shutil.rmtree(path, ignore_errors=True)
            removed.append(path.name)
    return removed + tidy_engine()


def live_labels() -> set[str]:
    """What the jobs that hold a lease have marked theirs with."""
    leases = Job.objects.filter(status=JobStatus.RUNNING).values_list("pk", "lease_token")
    return {label(pk, token) for pk, token in leases}


def tidy_engine() -> list[str]:
    """The same on the Docker engine. Without one there is nothing to tidy; one that is away is asked the next time."""
    try:
        return janitor.sweep(engine(), live_labels)
    except SandboxError as error:
        logger.log(logging.WARNING if settings.SANDBOX == "docker" else logging.DEBUG, "action=tidy_engine %s", error)
        return []
