"""Several sessions at one row: who comes first, who waits, who goes on without it."""

from __future__ import annotations

import threading
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection, transaction
from django.utils import timezone

from apps.events.services import record
from apps.incidents.models import Probe
from apps.incidents.services import take_due
from apps.releases.models import Environment, Release
from apps.runs.models import Job, Run
from apps.runs.outcome import done
from apps.runs.services import finish as finishing
from apps.runs.services.active import ActiveJob
from apps.runs.services.claim import claim
from apps.runs.services.finish import finish
from apps.runs.services.reap import reap_expired
from apps.runs.services.start import start_run
from tests.conftest import People
from tests.database import administer
from tests.postgresql.sessions import PATIENCE_S, at_once, beside, wait_until_one_waits

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def job(people: People) -> Job:
    return Job.objects.get(run=start_run(people.project, None, people.owner, workflow="noop"))


def test_of_many_that_claim_one_job_one_has_it(people: People) -> None:
    for _ in range(10):
        job = Job.objects.get(run=start_run(people.project, None, None, workflow="noop"))
        won = [found for found in at_once(*[partial(claim, job.pk, 1, f"worker/{n}") for n in range(6)]) if found]
        assert [row.lease_token for row in won] == [Job.objects.get(pk=job.pk).lease_token]


@pytest.mark.parametrize("change", [{"stop_reason": "canceled_by_user"}, {"epoch": 2}, {"status": "failed"}])
def test_a_claim_waits_for_who_changes_the_run_and_then_finds_it_changed(job: Job, change: dict[str, object]) -> None:
    with transaction.atomic():
        Run.objects.filter(pk=job.run_id).update(**change)
        claimed = beside(lambda: claim(job.pk, 1, "worker/1"))
        wait_until_one_waits()
    assert claimed.result(PATIENCE_S) is None
    assert Job.objects.get(pk=job.pk).status == "queued"


def test_who_ends_a_job_and_who_advances_its_run_do_not_wait_for_each_other(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one writes the job, an event and then the run; the other the run and then an event."""
    row, ending = claim(job.pk, 1, "worker/1"), threading.Event()
    assert row is not None

    def progress(ended: Job, seen: object) -> None:
        ending.set()
        wait_until_one_waits()
        Run.objects.filter(pk=ended.run_id).update(commit="c" * 40)

    def advance() -> None:
        assert ending.wait(PATIENCE_S)
        with transaction.atomic():
            Run.objects.select_for_update(no_key=True).get(pk=job.run_id)
            record(job.run_id, "run", {"id": job.run_id})

    monkeypatch.setitem(finishing.PROGRESS, job.step, progress)
    assert at_once(lambda: finish(ActiveJob(row), done(), 1), advance) == [True, None]
    assert _deadlocks() == 0


def test_a_lease_that_is_being_renewed_is_not_reaped(job: Job, people: People) -> None:
    other = Job.objects.get(run=start_run(people.project, None, None, workflow="noop"))
    for one in (job, other):
        assert claim(one.pk, 1, "worker/1")
    past = timezone.now() - timedelta(minutes=1)
    Job.objects.update(lease_expires_at=past)
    with transaction.atomic():
        Job.objects.filter(pk=job.pk).update(lease_expires_at=timezone.now() + timedelta(minutes=1))
        reaped = beside(lambda: list(reap_expired(timezone.now())))
        assert reaped.result(PATIENCE_S) == [other.run_id]
    assert Job.objects.get(pk=job.pk).status == "running"


def test_two_who_probe_at_once_take_different_probes(people: People, job: Job) -> None:
    environment = Environment.objects.create(project=people.project, name="dev")
    release = Release.objects.create(environment=environment, run=job.run, target="process", status="live", config={})
    past = timezone.now() - timedelta(minutes=1)
    for _ in range(4):
        Probe.objects.create(release=release, check_spec={}, every_s=10, next_at=past)
    with transaction.atomic():
        ours = take_due(timezone.now(), limit=2)
        theirs = beside(lambda: take_due(timezone.now())).result(PATIENCE_S)
    taken = [probe.pk for probe in [*ours, *theirs]]
    assert (len(ours), sorted(taken)) == (2, sorted(Probe.objects.values_list("pk", flat=True)))


def _deadlocks() -> int:
    found = f"SELECT deadlocks FROM pg_stat_database WHERE datname = '{connection.settings_dict['NAME']}'"
    return int(administer(found)[0][0])
