"""Records of every kind that is hard to carry over, written into the SQLite of HIVE_HOME. Run as a program."""

from __future__ import annotations

import datetime

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from apps.accounts.models import Membership, Organisation, User  # noqa: E402
from apps.artifacts.models import Artifact  # noqa: E402
from apps.artifacts.store import store  # noqa: E402
from apps.events.models import Event, LogChunk  # noqa: E402
from apps.events.services import record  # noqa: E402
from apps.projects.models import Project  # noqa: E402
from apps.projects.secrets import put_secret  # noqa: E402
from apps.releases.models import Environment, Release  # noqa: E402
from apps.runs.models import Job  # noqa: E402
from apps.runs.services.start import retry_run, start_run  # noqa: E402

HARD = 'tab\t, line\nbreak\r, back\\slash, \\N, \\., "quotes", größer 😀, {"a": 1}'
NUMBERS = {"one": 1.0, "tiny": 1e-7, "huge": 1e22, "big": 2**60, "none": None, "list": [True, [], {}], "text": HARD}
RUNS = 30

if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    organisation = Organisation.objects.create(name=HARD[:100], slug="ours")
    user = User.objects.create_superuser("ann", password="a long password")
    Membership.objects.create(organisation=organisation, user=user, role="owner")
    project = Project.objects.create(organisation=organisation, slug="site", name=HARD[:120])
    put_secret(project, "TOKEN", "a secret value")
    for number in range(RUNS):
        run = start_run(project, None, user, workflow="noop")
        job = run.jobs.get()
        for step in range(20):
            record(run.pk, "activity", {**NUMBERS, "step": step}, job_id=job.pk)
        LogChunk.objects.create(job_id=job.pk, offset=0, size=256 * 100, data=bytes(range(256)) * 100)
        with connection.cursor() as cursor:  # what came there before texts were looked at
            cursor.execute("UPDATE runs_run SET message = %s WHERE id = %s", [f"nul \0 {number}", run.pk])
        kept = store().put(iter([bytes([number]) * 1000]), f"runs/{run.pk}/file")
        Artifact.objects.create(
            run=run, job=job, name="file", kind="file", store_key=f"runs/{run.pk}/file", **kept.__dict__
        )
    retried = retry_run(run, user)
    environment = Environment.objects.create(project=project)  # and its release name each other
    release = Release.objects.create(environment=environment, run=run, commit="c", target="process", config=NUMBERS)
    Environment.objects.update(live=release)
    Job.objects.filter(run=retried).update(started_at=datetime.datetime(1, 1, 1, tzinfo=datetime.UTC))
    gone = Event.objects.create(run_id=0, number=1, at=timezone.now(), type="error")
    print(gone.pk)  # this number is not given again
    gone.delete()
