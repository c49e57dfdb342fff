"""A compiled query gives what the query gives."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from apps.accounts.keys import create_key
from apps.accounts.models import ApiKey
from apps.projects.models import Project
from apps.runs.models import Job
from apps.runs.services.start import start_run
from apps.sql.compiled import Compiled
from tests.conftest import People


def by_prefix(prefix: str) -> Any:
    return ApiKey.objects.select_related("user").filter(prefix=prefix, revoked_at=None)


def in_organisation(pk: int, slug: str) -> Any:
    return Project.objects.filter(organisation_id=pk, slug=slug)


def test_it_gives_the_querys_rows_with_what_is_joined_to_them(people: People, django_assert_num_queries: Any) -> None:
    first, second = (create_key(people.owner, people.project.organisation, name).row for name in "ab")
    compiled = Compiled(by_prefix, str)
    for row in (first, second, first):
        with django_assert_num_queries(1):
            (found,) = compiled.instances(row.prefix)
            assert (found, found.name, found.scopes, found.user) == (row, row.name, row.scopes, people.owner)
    assert compiled.instances("nobodys") == []


def test_each_parameter_goes_to_its_place(people: People) -> None:
    compiled = Compiled(in_organisation, int, str)
    organisation, foreign = people.project.organisation_id, people.foreign_project.organisation_id
    assert compiled.instances(organisation, people.project.slug) == [people.project]
    assert compiled.instances(foreign, people.project.slug) == []
    assert compiled.instances(foreign, people.foreign_project.slug) == [people.foreign_project]


def test_rows_come_in_the_querys_order(people: People) -> None:
    organisation = people.project.organisation
    for slug in ("b", "a"):
        Project.objects.create(organisation=organisation, slug=slug, name=slug)
    compiled = Compiled(lambda pk: Project.objects.filter(organisation_id=pk).order_by("-slug"), int)
    assert [one.slug for one in compiled.instances(organisation.pk)] == [people.project.slug, "b", "a"]


def test_a_parameter_that_the_query_changes_cannot_be_replaced(people: People) -> None:
    compiled = Compiled(lambda slug: Project.objects.filter(slug__startswith=slug), str)
    with pytest.raises(TypeError, match="do not stand in the query"):
        compiled.instances("si")


def test_a_call_with_too_few_parameters_is_a_bug_that_is_told() -> None:
    with pytest.raises(TypeError, match="1 parameters are wanted, not 0"):
        Compiled(by_prefix, str).instances()


@pytest.mark.django_db(transaction=True)
def test_threads_ask_on_their_own_connections(people: People) -> None:
    row = create_key(people.owner, people.project.organisation, "a").row
    compiled, found = Compiled(by_prefix, str), []
    assert compiled.instances(row.prefix) == [row]

    def ask() -> None:
        found.append(compiled.instances(row.prefix))
        connection.close()

    connection.close()
    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert found == [[row]]


def before(moment: datetime) -> Any:
    return Job.objects.filter(queued_at__lt=moment, status="queued").values_list("pk")


def test_rows_come_too_and_a_point_in_time_is_a_parameter(people: People) -> None:
    run = start_run(people.project, None, people.owner, workflow="noop")
    job = Job.objects.create(run=run, role="testing", step="testing.noop")
    built: list[datetime] = []
    compiled = Compiled(lambda moment: (built.append(moment), before(moment))[1], datetime)
    for moment in (job.queued_at - timedelta(seconds=1), job.queued_at + timedelta(seconds=1)):
        assert compiled.rows(moment) == list(before(moment))
    assert len(built) == 1
