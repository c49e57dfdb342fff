"""A backlog that has just come, of which PostgreSQL has counted nothing yet: each look goes through it once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from apps.ci.definition.check import check_data
from apps.ci.services.submit import submit, wanted
from apps.fleet.matching import waiting_for, waiting_for_any
from apps.fleet.models import Agent
from apps.fleet.services.enrol import Introduction, create_token, register
from apps.runs.due import due_before
from apps.runs.models import Job, Run
from tests.conftest import People
from tests.scale.reading import read, statements

JOBS = 120
ROWS_PER_JOB = 12  # the job, its run and project, its assignment, each perhaps asked for twice


@pytest.fixture
def agent(people: People) -> Agent:
    for _ in range(JOBS):
        submit(people.project, wanted(check_data({"commands": ["true"], "runs_on": ["arm"]})), people.owner)
    return register(create_token(None, "t", tags=["arm"]).token, Introduction("a")).agent


def of_one_organisation(agent: Agent) -> list[int]:
    agent.organisation_id = Run.objects.values_list("project__organisation_id", flat=True)[0]
    return waiting_for(agent)


LOOKS: dict[str, Callable[[Agent], object]] = {
    "for many": lambda _: waiting_for_any(),
    "for one": waiting_for,
    "for one of an organisation": of_one_organisation,
    "why it waits": lambda _: range(due_before(Job.objects.latest("pk"), 1000) + 1),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", LOOKS)
def test_a_look_goes_through_it_once(agent: Agent, name: str) -> None:
    with statements() as sent:
        found = LOOKS[name](agent)
    assert len(found) == JOBS  # type: ignore[arg-type]
    for statement in sent:
        reading = read(statement)
        assert reading.rows <= ROWS_PER_JOB * JOBS, f"{reading.rows} rows\n{reading.plan}"
