"""An inserted row is what a saved one is."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from apps.runs.models import Job, Run, Task
from apps.runs.services.start import start_run
from apps.sql.insert import insert
from tests.conftest import People


def test_an_inserted_row_is_as_a_saved_one(people: People) -> None:
    run = start_run(people.project, None, people.owner, workflow="noop")
    task = insert(Task(run=run, key="a", title="ä", position=1, needs=["x"], spec={"deep": [1, None]}))
    job = insert(Job(run=run, task=task, role="testing", step="testing.ci", needs=[3], runs_on=["arm"]))
    copy = insert(Run(project=people.project, title="t", created_by=people.owner, priority=6))
    for row in (task, job, copy):
        assert row.pk
        assert not row._state.adding
        kept = type(row)._default_manager.get(pk=row.pk)
        assert {f.attname: getattr(kept, f.attname) for f in row._meta.concrete_fields} == {
            f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields
        }
    job.worker = "w"
    job.save()
    assert Job.objects.filter(run=run, task=task).count() == 1


def test_a_row_that_may_not_be_is_refused_as_by_a_save(people: People) -> None:
    run = start_run(people.project, None, people.owner, workflow="noop")
    insert(Task(run=run, key="a", title="a", position=1, spec={}))
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(Task(run=run, key="a", title="again", position=2, spec={}))
    assert run.tasks.count() == 1
