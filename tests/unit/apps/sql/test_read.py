"""Rows that are read by statements written once are those that Django reads."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.apps import apps
from django.db import models

from apps.fleet.models import Agent, Assignment
from apps.fleet.services.enrol import Introduction, create_token, register
from apps.runs.models import Job, Run, Task
from apps.sql.read import Read
from tests.conftest import People

MARK = datetime(1, 1, 2, tzinfo=UTC)


@pytest.fixture
def job(people: People) -> Job:
    run = Run.objects.create(
        project=people.project, title="ü", budget={"steps": 3}, deadline_at=datetime(2030, 1, 2, 3, 4, 5, 6, UTC)
    )
    return Job.objects.create(run=run, role="testing", step="testing.noop", runs_on=["arm"], needs=[1, 2])


def values(row: models.Model) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_instances_are_those_of_django(people: People, job: Job) -> None:
    agent = register(create_token(people.owner, "t", tags=["arm"]).token, Introduction("a")).agent
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    Assignment.objects.create(job=job, agent=agent, lease_token="x", offered_at=now, expires_at=now, prepared_s=0.25)
    for model in (Run, Job, Agent, Assignment):
        ((found,),) = Read(f"FROM {model._meta.db_table} x", x=model).all()
        assert values(found) == values(model.objects.get())
        assert (found._state.adding, found._state.db) == (False, "default")


@pytest.mark.django_db
def test_every_model_can_be_read_so() -> None:
    for model in apps.get_models():
        Read(f"FROM {model._meta.db_table} x", x=model).all()


def test_what_an_outer_join_does_not_find_is_none(job: Job) -> None:
    both = Read("FROM runs_job j LEFT JOIN runs_task t ON t.id = j.task_id WHERE j.id = %s", j=Job, t=Task)
    row = both.one(job.pk, lock="j")
    assert row is not None
    assert row[0] == job
    assert row[1] is None
    assert both.one(0) is None
