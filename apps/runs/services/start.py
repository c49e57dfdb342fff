"""Start a run: record it, and hand its first step to the manager."""

from __future__ import annotations

from django.db import transaction

from apps.accounts.models import User
from apps.events import clock
from apps.events.services import record
from apps.projects.models import Project
from apps.runs.models import Job, Priority, Run
from apps.runs.plan.workflows import WORKFLOWS
from apps.runs.services import dispatch
from apps.runs.states import RunStatus
from apps.specs.models import SpecVersion

FIRST_EPOCH = 1


def start_run(
    project: Project,
    version: SpecVersion | None,
    user: User | None,
    *,
    workflow: str = "build",
    engine: str = "",
    cause: str = Run.Cause.REQUEST,
    parent: Run | None = None,
) -> Run:
    """Record a run of this spec version and send its first job to the manager, on commit."""
    data = version.data if version else {}
    now = clock.now()
    with transaction.atomic():
        run = Run.objects.create(
            project=project,
            spec_version=version,
            parent=parent,
            cause=cause,
            workflow=workflow,
            engine=engine or data.get("engine") or "template",
            title=data.get("title") or WORKFLOWS[workflow].description,
            priority=Priority[str(data.get("priority", "normal")).upper()],
            created_by=user,
            epoch=FIRST_EPOCH,
            created_at=now,
            published_at=now,
        )
        step = WORKFLOWS[workflow].first_step
        job = Job.objects.create(run=run, step=step, role=step.partition(".")[0], queued_at=now)
        record(run.pk, Run.EVENT, {"id": run.pk, "from": "", "to": str(RunStatus.QUEUED)})
        dispatch.on_commit(step, job.pk, run.epoch, priority=run.priority)
    return run


def retry_run(run: Run, user: User | None) -> Run:
    """The same spec version once more, as a new run that names this one as its parent."""
    return start_run(
        run.project,
        run.spec_version,
        user,
        workflow=run.workflow,
        engine=run.engine,
        cause=Run.Cause.RETRY,
        parent=run,
    )
