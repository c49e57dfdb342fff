"""Makes runs and claimed jobs for the tests of the roles, on a home of the test's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from apps.runs.models import Job, Run, Task
from apps.runs.plan.workflows import PLAN
from apps.runs.services.active import ActiveJob
from apps.runs.services.claim import claim
from apps.runs.services.finish import finish
from apps.runs.services.start import start_run
from apps.specs.services import save
from apps.specs.validate import check_data
from hive.home import Home
from tests.conftest import People
from workers.manager.plan import plan

SPEC: dict[str, Any] = {
    "id": "site",
    "title": "Site",
    "inputs": [{"type": "file", "path": "index.html", "content": "<h1>Hello</h1>"}],
    "outputs": [{"path": "index.html"}],
    "tests": [{"run": "test -f index.html"}],
    "acceptance": [{"url": "http://devsite:8080/", "contains": "Hello"}],
    "deploy": {"directory": "."},
}


def started(people: People, **changes: Any) -> Run:
    """A run of the sample spec, changed so, not yet planned."""
    spec = {"id": "site", "title": "Site"} if "tasks" in changes else SPEC
    checked = check_data({**spec, **changes})
    assert checked.ok, checked.problems
    return start_run(people.project, save(people.project, checked.text, people.owner), people.owner)


def planned(people: People, **changes: Any) -> Run:
    """A run whose manager has made its plan."""
    run = started(people, **changes)
    active = held(run, PLAN)
    finish(active, plan(active), 1)
    run.refresh_from_db()
    return run


def held(run: Run, step: str, task: Task | None = None, **fields: Any) -> ActiveJob:
    """A job of this step, claimed by this test. The one that is queued already, or a new one."""
    job = run.jobs.filter(step=step, task=task, status="queued").first() or Job.objects.create(
        run=run, task=task, step=step, role=step.partition(".")[0], **fields
    )
    if task is not None and step == "coding.code" and task.status == "created":
        Task.objects.filter(pk=task.pk).update(status="assigned")
    row = claim(job.pk, run.epoch, "test/1")
    assert row is not None
    return ActiveJob(row)


def printed(active: ActiveJob) -> str:
    """What the job has printed so far."""
    from apps.events.models import LogChunk

    active.log.close()
    chunks = LogChunk.objects.filter(job_id=active.row.pk).order_by("offset")
    return b"".join(bytes(chunk.data) for chunk in chunks).decode()


def home_in(path: Path) -> Home:
    return Home(path)
