"""The janitor of the work folder: what a killed worker left behind goes, what a live lease owns stays."""

from __future__ import annotations

import shutil

from apps.runs.models import Job
from apps.runs.states import JobStatus
from workers.places import WORKTREE, label, work_folder
from workers.sandbox import sweep_stale


def tidy() -> list[str]:
    """End and remove every sandbox and worktree whose job no longer holds its lease; returns what was removed."""
    work = work_folder()
    # Looked at before the leases: what a job makes after that cannot be taken for a dead one's.
    folders = list(work.glob(f"{WORKTREE}*"))
    leases = Job.objects.filter(status=JobStatus.RUNNING).values_list("pk", "lease_token")
    live = {label(pk, token) for pk, token in leases}
    removed = sweep_stale(work, live)
    for path in folders:
        if path.name.removeprefix(WORKTREE) not in live:
            shutil.rmtree(path, ignore_errors=True)
            removed.append(path.name)
    return removed
