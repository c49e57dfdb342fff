"""How far a run is: the database's count for a list, and the count of what a page has read, say the same."""

from __future__ import annotations

import pytest

from apps.runs.models import Gate, Job, Run
from apps.runs.progress import Progress, progress_among, progress_of
from apps.runs.states import GateStatus
from tests.conftest import People
from tests.stories import runs


def among(run: Run) -> Progress:
    return progress_among(run, list(run.tasks.all()), list(run.jobs.all()), list(run.gates.all()))


@pytest.mark.django_db
@pytest.mark.parametrize("story", ["queued", "running", "waiting", "completed", "failing", "canceled", "noop"])
def test_both_counts_say_the_same(people: People, story: str) -> None:
    run = Run.objects.get(pk=getattr(runs, story)(people.project, people.owner).pk)
    assert among(run) == progress_of([run])[run.pk]


@pytest.mark.django_db
def test_a_gate_in_which_a_job_asked_is_no_step(people: People) -> None:
    run = Run.objects.get(pk=runs.waiting(people.project, people.owner).pk)
    before = among(run)
    job = Job.objects.filter(run=run).first()
    Gate.objects.create(run=run, job=job, name="ask", round=run.round, status=GateStatus.APPROVED)
    assert among(run) == before == progress_of([run])[run.pk]


@pytest.mark.django_db
def test_work_of_an_earlier_round_does_not_count(people: People) -> None:
    run = Run.objects.get(pk=runs.completed(people.project, people.owner).pk)
    task = run.tasks.get()
    type(task).objects.filter(pk=task.pk).update(round=task.round + 1)
    assert among(run) == progress_of([run])[run.pk]
    assert among(run).done < among(run).total


@pytest.mark.django_db
def test_commands_and_tests_that_agents_run_are_steps_more(people: People) -> None:
    run = Run.objects.get(pk=runs.completed(people.project, people.owner).pk)
    before = among(run).total
    run.tasks.update(codes_on=["node"])
    assert among(run) == progress_of([run])[run.pk]
    assert among(run).total == before + 2
