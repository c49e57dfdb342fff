"""100,000 runs and 1,000,000 events: no page, list or step of a worker reads more rows for that.

Asked of the plans, as they were carried out: rows that the database has touched, filtered ones included. How long it
takes is measured by `make bench`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.artifacts.services.archive_logs import archive_logs
from apps.incidents.services import take_due
from apps.projects.models import Project
from apps.runs.models import Job, Sweep
from apps.runs.outcome import done
from apps.runs.services.active import ActiveJob
from apps.runs.services.advance import decide_and_prepare
from apps.runs.services.claim import claim
from apps.runs.services.finish import finish
from apps.runs.services.start import start_run
from apps.runs.services.sweep import sweep
from tests.scale.addresses import all_addresses
from tests.scale.fill import BUSY, RUNS, fill
from tests.scale.reading import Statement, read, statements

MOST_ROWS = 12_000  # what a search looks through, and a little; a tenth of what there is
FEW_ROWS = 2_000  # of a step of a worker: 50 probes, 200 leases, each with what hangs on it


@pytest.fixture(scope="module", autouse=True)
def _history(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        fill()
        yield
        call_command("flush", verbosity=0, interactive=False)


@pytest.fixture(scope="module")
def visitors(_history: None, django_db_blocker: Any) -> dict[int, Client]:
    found = {}
    with django_db_blocker.unblock():
        for person in {person for person, _ in all_addresses()}:
            found[person] = Client()
            found[person].force_login(User.objects.get(pk=person))
    return found


@pytest.mark.django_db
@pytest.mark.parametrize(("person", "address"), all_addresses())
def test_a_page_reads_what_it_shows(visitors: dict[int, Client], person: int, address: str) -> None:
    with statements() as sent:
        answer = visitors[person].get(address)
    assert answer.status_code == 200
    assert sent
    check(sent, MOST_ROWS)


def claimed() -> Job:
    run = start_run(Project.objects.get(pk=BUSY), None, None, workflow="noop")
    row = claim(run.jobs.get().pk, run.epoch, "here/1")
    assert row is not None
    return row


def sweep_again() -> None:
    """With a lease that ran out, and a run that nobody works on."""
    Job.objects.filter(pk=claimed().pk).update(lease_expires_at=timezone.now() - timedelta(minutes=1))
    Sweep.objects.update_or_create(pk=1, defaults={"at": timezone.now() - timedelta(seconds=10)})
    assert len(sweep()) > 0


STEPS: dict[str, Callable[[], object]] = {
    "claim": claimed,
    "finish": lambda: finish(ActiveJob(claimed()), done(), 1),
    "advance": lambda: decide_and_prepare(RUNS),
    "sweep": sweep_again,
    "probes": lambda: take_due(timezone.now() + timedelta(hours=2)),
    "archive": archive_logs,
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", STEPS)
def test_a_step_reads_what_it_works_on(name: str) -> None:
    with statements() as sent:
        STEPS[name]()
    assert sent
    check(sent, FEW_ROWS)


def check(sent: list[Statement], most: int) -> None:
    for statement in sent:
        reading = read(statement)
        assert reading.rows <= most, f"{reading.rows} rows for {statement.sql} {statement.params}\n{reading.plan}"


@pytest.fixture(autouse=True)
def _quietly() -> Iterator[None]:
    """Every page says that there is no Valkey for the limits."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)
