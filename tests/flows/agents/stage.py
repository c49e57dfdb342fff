"""`python -m tests.flows.agents.stage VERB …`: what happens behind the web server. The last line is JSON."""

from __future__ import annotations

import hashlib
import json
import sys
from datetime import timedelta
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402

from apps.accounts.models import Organisation  # noqa: E402
from apps.artifacts.queries import read_log  # noqa: E402
from apps.artifacts.store import store  # noqa: E402
from apps.events import wake  # noqa: E402
from apps.fleet.models import Agent, Assignment  # noqa: E402
from apps.fleet.services.enrol import create_token  # noqa: E402
from apps.fleet.services.hold import revoke_agent  # noqa: E402
from apps.projects.models import Project  # noqa: E402
from apps.runs.models import Job, Run, Task  # noqa: E402
from apps.runs.services.reap import reap_expired  # noqa: E402
from apps.runs.services.stop import cancel_run  # noqa: E402


def prepare() -> str:
    call_command("migrate", verbosity=0)
    organisation = Organisation.objects.create(name="Ours", slug="ours")
    Project.objects.create(organisation=organisation, slug="site", name="Site")
    return create_token(None, "tests", tags=["arm"], most=100).token


def joined() -> int:
    return Agent.objects.count()


def job(order: str) -> int:
    """A job that waits for an agent."""
    project = Project.objects.get()
    run = Run.objects.create(project=project, workflow="noop", title="For agents", epoch=1)
    task = Task.objects.create(run=run, key="t", title="t", position=0, spec={"order": json.loads(order)})
    made = Job.objects.create(run=run, task=task, role="testing", step="testing.noop", runs_on=["arm"])
    wake.fleet()
    return made.pk


def jobs(count: str) -> list[int]:
    return [job(json.dumps({"version": 1, "commands": [{"run": ["true"]}]})) for _ in range(int(count))]


def arrived(pk: str) -> dict[str, int]:
    """How much of its output has come, and how many files were announced."""
    found = Assignment.objects.filter(job=pk).first()
    return {"log": found.log_bytes, "files": found.uploads.count()} if found else {"log": 0, "files": 0}


def tally(*pks: str) -> dict[str, Any]:
    """Of these jobs, and of every further attempt at them: how they stand, what each has printed."""
    rows = list(Job.objects.filter(run__jobs__in=pks).order_by("pk"))
    return {
        "stands": sorted({f"{row.status} {row.reason}".strip() for row in rows}),
        "printed": {row.pk: b"".join(read_log(row.pk)).decode() for row in rows},
        "workers": [row.worker for row in rows],
        "offers": max(Assignment.objects.filter(job__in=rows).values_list("offers", flat=True)),
    }


def look(pk: str) -> dict[str, Any]:
    row = Job.objects.get(pk=pk)
    return {
        "status": row.status,
        "reason": row.reason,
        "message": row.message,
        "worker": row.worker,
        "outcome": row.outcome,
        "log": b"".join(read_log(row.pk)).decode(errors="replace"),
        "artifacts": sorted(row.artifacts.exclude(kind="log").values_list("name", flat=True)),
    }


def sha256_of(pk: str) -> str:
    """Of the bytes of the job's one file, as the store has them."""
    artifact = Job.objects.get(pk=pk).artifacts.exclude(kind="log").get()
    digest = hashlib.sha256()
    for piece in store().get(artifact.store_key):
        digest.update(piece)
    return digest.hexdigest()


def cancel(pk: str) -> None:
    cancel_run(Run.objects.get(jobs=pk), None)


def reap() -> list[int]:
    """As the sweep does, some time after."""
    return list(reap_expired(timezone.now() + timedelta(seconds=0)))


def overdue(pk: str) -> bool:
    """Whether its lease has run out."""
    return Job.objects.filter(pk=pk, status="running", lease_expires_at__lt=timezone.now()).exists()


def revoke() -> None:
    for agent in Agent.objects.all():
        revoke_agent(agent, None)


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](*sys.argv[2:])))
