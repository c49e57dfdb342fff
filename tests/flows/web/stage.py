"""`python -m tests.flows.web.stage VERB …`: what happens behind the web server, each in a process of its own.

Everything goes through the services that the workers use. The last line printed is the answer, as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402

from apps.accounts.keys import create_key  # noqa: E402
from apps.accounts.models import Membership, Organisation, User  # noqa: E402
from apps.artifacts.services.archive_logs import archive_logs  # noqa: E402
from apps.events.lifecycle import move  # noqa: E402
from apps.projects.models import Project  # noqa: E402
from apps.runs.models import Job, Run  # noqa: E402
from apps.runs.outcome import done  # noqa: E402
from apps.runs.services.active import ActiveJob  # noqa: E402
from apps.runs.services.claim import claim  # noqa: E402
from apps.runs.services.finish import finish  # noqa: E402
from apps.runs.services.start import start_run  # noqa: E402
from apps.runs.states import RunStatus  # noqa: E402


def prepare() -> None:
    call_command("migrate", verbosity=0)
    organisation = Organisation.objects.create(name="Ours", slug="ours")
    user = User.objects.create_user("owner")
    Membership.objects.create(organisation=organisation, user=user, role="owner")
    Project.objects.create(organisation=organisation, slug="site", name="Site")


def key() -> str:
    return create_key(User.objects.get(), Organisation.objects.get(), "test").key


def run_with_jobs(count: str) -> dict[str, Any]:
    """A run with so many jobs that nobody has taken yet."""
    run = start_run(Project.objects.get(slug="site"), None, User.objects.get(), workflow="noop")
    steps = ("coding.noop", "testing.noop", "deployment.noop", "monitoring.noop")[: int(count) - 1]
    jobs = [run.jobs.get(), *(Job.objects.create(run=run, role=step.partition(".")[0], step=step) for step in steps)]
    return {"run": run.pk, "jobs": [job.pk for job in jobs]}


def line(job_id: object, number: int) -> str:
    """What a job prints: its length changes, and its characters have one to four bytes."""
    return f"{job_id} {number} ä€😀{'.' * (number % 7)}\n"


def work(job_id: str, lines: str, events: str, pause_s: str) -> int:
    """Take the job, print so many lines and tell so many events, evenly; end it, and have its log archived."""
    row = claim(int(job_id), 1, "worker")
    assert row is not None
    active = ActiveJob(row)
    per_event = int(lines) // max(int(events), 1)
    for number in range(int(events)):
        text = "".join(line(job_id, number * per_event + at) for at in range(per_event))
        active.log.write(text.encode())
        active.emit("activity", job=row.pk, number=number)
        active.log.tick()
        time.sleep(float(pause_s))
    finish(active, done(), 1)
    archive_logs()
    return row.pk


def end(run_id: str) -> str:
    run = Run.objects.get(pk=run_id)
    move(run, RunStatus.COMPLETED, finished_at=timezone.now())
    return run.status


def print_much(job_id: str, size_bytes: str) -> int:
    row = claim(int(job_id), 1, "worker")
    assert row is not None
    active = ActiveJob(row)
    active.log.write(b"0123456789abcde\n" * (int(size_bytes) // 16))
    finish(active, done(), 1)
    archive_logs()
    return row.pk


if __name__ == "__main__":
    verbs: dict[str, Any] = {call.__name__: call for call in (prepare, key, run_with_jobs, work, end, print_much)}
    print(json.dumps(verbs[sys.argv[1]](*sys.argv[2:])))
