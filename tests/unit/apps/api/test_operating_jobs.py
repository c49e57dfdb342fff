"""Jobs of the whole installation by the API: found, told with their times and attempts, canceled, tried again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.keys import SCOPES
from apps.fleet import job_list
from apps.fleet.services.acknowledge import acknowledge
from apps.fleet.services.enrol import Introduction, create_token, register
from apps.fleet.services.offer import offer_up_to
from apps.runs.models import Job, Run
from tests.conftest import People
from tests.unit.apps.api.conftest import Api, Things


@pytest.fixture
def operator(people: People, with_key: Callable[..., Api]) -> Api:
    people.owner.is_superuser = True
    people.owner.save()
    return with_key(scopes=SCOPES)


def make(people: People, **values: object) -> Job:
    run = Run.objects.create(project=people.project, workflow="noop", title="Site", epoch=1, status="running")
    return Job.objects.create(**{"run": run, "role": "testing", "step": "testing.noop", **values})


def ids(operator: Api, query: str = "") -> Sequence[int]:
    answer = operator.get(f"/admin/jobs?{query}")
    assert answer.status_code == 200, answer.content
    return [one["id"] for one in answer.json()["results"]]


def test_a_list_is_walked_by_next_without_a_gap(operator: Api, people: People) -> None:
    made = [make(people).pk for _ in range(7)][::-1]
    found, address = [], "/admin/jobs?page_size=3"
    while address:
        page = operator.get(address).json()
        found += [one["id"] for one in page["results"]]
        address = page["next"] and page["next"].partition("/api/v1")[2]
    assert found == made


def test_what_few_have_in_common_is_found_however_far_back(
    operator: Api, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_list, "LOOKED_AT", 2)
    old = make(people, status="failed", reason="lost").pk
    for _ in range(5):
        make(people)
    first = operator.get("/admin/jobs?reason=lost").json()
    assert first["results"] == []
    second = operator.get(first["next"].partition("/api/v1")[2]).json()
    third = operator.get(second["next"].partition("/api/v1")[2]).json()
    assert [one["id"] for one in third["results"]] == [old]


def test_filters_narrow_the_list(operator: Api, people: People, things: Things) -> None:
    ci = things.ci.jobs.get().pk
    failed = make(people, status="failed", reason="lost", role="coding").pk
    assert ids(operator, "kind=ci") == ids(operator, "status=queued&role=testing") == [ci]
    assert ids(operator, "status=failed") == ids(operator, "reason=lost") == ids(operator, "role=coding") == [failed]
    assert ids(operator, f"q={failed}")[0] == failed
    assert ids(operator, "q=SITE&kind=other")[0] == failed
    assert ids(operator, "project=other") == ids(operator, "agent=9") == []
    assert len(ids(operator, "status=failed&status=queued")) == 2


@pytest.mark.parametrize("query", ["page=2", "status=broken", "before=7", "agent=x", "q=", "kind=all", "page_size=0"])
def test_a_filter_that_makes_no_sense_is_refused(operator: Api, query: str) -> None:
    assert operator.get(f"/admin/jobs?{query}").status_code == 422


def test_a_job_of_an_agent_tells_how_long_it_spent_where(operator: Api, people: People) -> None:
    job = make(people, runs_on=["arm"])
    token = create_token(people.owner, "t", tags=("arm",))
    agent = register(token.token, Introduction("mac")).agent
    (offer,) = offer_up_to(agent, 1)
    found = operator.get(f"/admin/jobs/{job.pk}").json()
    assert [one["name"] for one in found["stages"]] == ["queued", "offered"]
    assert acknowledge(agent, job.pk, offer.lease)
    found = operator.get(f"/admin/jobs/{job.pk}").json()
    assert [(one["name"], one["ended_at"] is None) for one in found["stages"]][1:] == [
        ("offered", False),
        ("ran", True),
    ]
    assert found["agent"] == {"id": agent.pk, "name": "mac", "offers": 1}
    assert ids(operator, f"agent={agent.pk}") == [job.pk]
    assert offer.lease not in str(found)


def test_one_job_has_every_attempt_with_its_reason(operator: Api, people: People) -> None:
    lost = make(people, status="failed", reason="lost", message="Its worker disappeared.")
    again = make(people, run=lost.run, attempt=2)
    found = operator.get(f"/admin/jobs/{again.pk}").json()
    told = [(one["id"], one["attempt"], one["reason"]) for one in found["attempts"]]
    assert told == [(lost.pk, 1, "lost"), (again.pk, 2, "")]


def test_a_job_is_canceled_with_its_run_and_tried_again_as_a_new_one(
    operator: Api, people: People, things: Things
) -> None:
    path = f"/admin/jobs/{things.job.pk}"
    assert operator.post(f"{path}/retry").status_code == 409
    assert operator.post(f"{path}/cancel").status_code == 202
    assert Run.objects.get(pk=things.run.pk).stop_reason == "canceled_by_user"
    assert operator.post(f"{path}/cancel").status_code == 409
    Run.objects.filter(pk=things.run.pk).update(status="failed")
    again = operator.post(f"{path}/retry").json()
    assert Run.objects.get(pk=again["run"]).parent_id == things.run.pk
    assert len(again["jobs"]) == 1


def test_a_page_costs_the_same_for_few_and_for_many(operator: Api, people: People) -> None:
    operator.get("/admin/jobs")  # the first one notes that the key was used
    counts = []
    for _ in range(2):
        for _ in range(4):
            make(people)
        with CaptureQueriesContext(connection) as queries:
            operator.get("/admin/jobs")
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 6
