"""A prepared query gives what the query gives, and an inserted row is what a saved one is."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from apps.accounts.access import may_change, may_manage
from apps.accounts.keys import create_key
from apps.accounts.models import ApiKey, Organisation, Role
from apps.accounts.prepared import Prepared, insert
from apps.projects.models import Project
from apps.runs.models import Job, Run, Task
from apps.runs.services.start import start_run
from tests.conftest import People


def by_prefix(prefix: str) -> Any:
    return ApiKey.objects.select_related("user").filter(prefix=prefix, revoked_at=None)


def in_organisation(pk: int, slug: str) -> Any:
    return Project.objects.filter(organisation_id=pk, slug=slug)


def test_it_gives_the_querys_rows_with_what_is_joined_to_them(people: People, django_assert_num_queries: Any) -> None:
    first, second = (create_key(people.owner, people.project.organisation, name).row for name in "ab")
    prepared = Prepared(by_prefix, str)
    for row in (first, second, first):
        with django_assert_num_queries(1):
            (found,) = prepared(row.prefix)
            assert (found, found.name, found.scopes, found.user) == (row, row.name, row.scopes, people.owner)
    assert prepared("nobodys") == []


def test_each_parameter_goes_to_its_place(people: People) -> None:
    prepared = Prepared(in_organisation, int, str)
    organisation, foreign = people.project.organisation_id, people.foreign_project.organisation_id
    assert prepared(organisation, people.project.slug) == [people.project]
    assert prepared(foreign, people.project.slug) == []
    assert prepared(foreign, people.foreign_project.slug) == [people.foreign_project]


def test_rows_come_in_the_querys_order(people: People) -> None:
    organisation = people.project.organisation
    for slug in ("b", "a"):
        Project.objects.create(organisation=organisation, slug=slug, name=slug)
    prepared = Prepared(lambda pk: Project.objects.filter(organisation_id=pk).order_by("-slug"), int)
    assert [one.slug for one in prepared(organisation.pk)] == [people.project.slug, "b", "a"]


def test_a_parameter_that_the_query_changes_cannot_be_replaced(people: People) -> None:
    prepared = Prepared(lambda slug: Project.objects.filter(slug__startswith=slug), str)
    with pytest.raises(TypeError, match="do not stand in the query"):
        prepared("si")


def test_a_call_with_too_few_parameters_is_a_bug_that_is_told() -> None:
    with pytest.raises(TypeError, match="1 parameters are wanted, not 0"):
        Prepared(by_prefix, str)()


@pytest.mark.django_db(transaction=True)
def test_threads_ask_on_their_own_connections(people: People) -> None:
    row = create_key(people.owner, people.project.organisation, "a").row
    prepared, found = Prepared(by_prefix, str), []
    assert prepared(row.prefix) == [row]

    def ask() -> None:
        found.append(prepared(row.prefix))
        connection.close()

    connection.close()
    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert found == [[row]]


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


@pytest.mark.parametrize(("role", "change", "manage"), [(Role.OWNER, True, True), (Role.MEMBER, True, False)])
def test_a_role_counts_in_its_own_organisation(people: People, role: str, change: bool, manage: bool) -> None:
    other = Organisation.objects.create(name="Other", slug="other")
    other.memberships.create(user=people.outsider, role=role)
    assert (may_change(people.outsider, other.pk), may_manage(people.outsider, other.pk)) == (change, manage)
    ours = people.project.organisation_id
    assert not may_change(people.outsider, ours)
    assert not may_change(people.viewer, ours)
