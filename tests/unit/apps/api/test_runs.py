"""Runs: what a run's JSON says, filters and pages, cancel and retry."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.releases.models import Environment, Release
from apps.runs.models import Job, Run, Task
from apps.runs.services.start import start_run
from apps.runs.states import RunStatus
from tests.conftest import People
from tests.unit.apps.api.conftest import Api, Things


def ids(response: object) -> list[int]:
    return [one["id"] for one in response.json()["results"]]  # type: ignore[attr-defined]


def make_runs(people: People, count: int) -> list[Run]:
    return [start_run(people.project, None, people.owner, workflow="noop") for _ in range(count)]


def test_a_run_tells_everything_that_a_reader_needs(owner: Api, things: Things) -> None:
    shown = owner.get(f"/runs/{things.run.pk}").json()
    assert shown | {"created_at": 1, "started_at": 1} == {
        "id": things.run.pk,
        "url": f"http://testserver/api/v1/runs/{things.run.pk}",
        "title": "A site",
        "project": "site",
        "status": "running",
        "reason": "",
        "message": "",
        "workflow": "noop",
        "engine": "template",
        "priority": "normal",
        "cause": "request",
        "parent": None,
        "commit": things.run.commit,
        "branch": "",
        "from_branch": "",
        "spec": things.version.pk,
        "unattended": False,
        "budget": {},
        "progress": {"done": 1, "total": 5},
        "created_at": 1,
        "started_at": 1,
        "finished_at": None,
        "created_by": "owner",
        "guarded": False,
        "touched": [],
        "release": None,
        "usage": {
            "calls": 0,
            "input_tokens": 0,
            "output_tokens": 0,
            "cached_tokens": 0,
            "usd": 0.0,
            "unpriced_calls": 0,
            "under_way": 0,
        },
        "allowed": ["cancel"],
    }


def test_a_run_shows_its_newest_release_and_where_it_is(owner: Api, things: Things, people: People) -> None:
    place = Environment.objects.create(project=people.project, name="devsite", url="http://127.0.0.1:8080/")
    for status in ("failed", "live"):
        Release.objects.create(
            environment=place, run=things.run, commit="c" * 40, target="process", config={}, status=status
        )
    release = owner.get(f"/runs/{things.run.pk}").json()["release"]
    assert (release["status"], release["url"], release["environment"]) == ("live", "http://127.0.0.1:8080/", "devsite")


def test_progress_counts_steps_of_the_current_round_once(owner: Api, things: Things) -> None:
    task = Task.objects.create(run=things.run, key="a", title="A", position=0, spec={}, round=2)
    for round_, status in ((1, "completed"), (2, "completed"), (2, "failed")):
        Job.objects.create(
            run=things.run, task=task, role="coding", step="coding.code", round=round_, status=status,
            attempt=1 if status == "completed" else 2,
        )  # fmt: skip
    assert owner.get(f"/runs/{things.run.pk}").json()["progress"] == {"done": 2, "total": 5}


@pytest.mark.parametrize(
    ("status", "allowed"),
    [("queued", ["cancel"]), ("running", ["cancel"]), ("failed", ["retry"]), ("completed", ["retry"])],
)
def test_allowed_follows_the_table_of_moves(owner: Api, things: Things, status: str, allowed: list[str]) -> None:
    Run.objects.filter(pk=things.run.pk).update(status=status)
    assert owner.get(f"/runs/{things.run.pk}").json()["allowed"] == allowed


def test_a_viewer_is_allowed_nothing(viewer: Api, things: Things) -> None:
    assert viewer.get(f"/runs/{things.run.pk}").json()["allowed"] == []


def test_the_list_is_newest_first_and_paged(owner: Api, people: People) -> None:
    runs = [run.pk for run in make_runs(people, 5)][::-1]
    first = owner.get("/runs?page_size=2")
    assert (ids(first), first.json()["count"], first.json()["previous"]) == (runs[:2], 5, None)
    second = owner.client.get(first.json()["next"])
    third = owner.client.get(second.json()["next"])
    assert ids(second) + ids(third) == runs[2:]
    assert third.json()["next"] is None
    assert ids(owner.client.get(third.json()["previous"])) == runs[2:4]


def test_a_page_behind_the_last_is_empty(owner: Api, people: People) -> None:
    make_runs(people, 2)
    assert owner.get("/runs?page=7").json() | {"previous": ""} == {
        "count": 2,
        "next": None,
        "previous": "",
        "results": [],
    }


@pytest.mark.parametrize(
    "query", ["page=0", "page=-1", "page=x", "page=1e9", "page_size=101", "page_size=0", "page=" + "9" * 40]
)
def test_a_page_that_is_none_is_refused(owner: Api, query: str) -> None:
    response = owner.get(f"/runs?{query}")
    assert (response.status_code, response.json()["code"]) == (422, "invalid")
    assert "whole number from 1 to" in response.json()["problems"][0]["message"]


def test_counting_stops_where_it_would_get_slow(owner: Api, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    from apps.api import paging

    monkeypatch.setattr(paging, "COUNT_LIMIT", 3)
    make_runs(people, 6)
    response = owner.get("/runs?page_size=2&page=2").json()
    assert (response["count"], len(response["results"])) == (3, 2)
    assert response["next"] is not None


def test_filters(owner: Api, people: People, things: Things) -> None:
    old, pipeline, (first, last) = things.run, things.ci.pk, make_runs(people, 2)
    Run.objects.filter(pk=old.pk).update(status=RunStatus.FAILED, created_at=timezone.now() - timedelta(days=2))
    Run.objects.filter(pk=last.pk).update(parent=old, cause="retry")
    yesterday = (timezone.now() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert ids(owner.get("/runs?status=failed")) == [old.pk]
    assert ids(owner.get("/runs?status=failed&status=queued")) == [last.pk, first.pk, pipeline, old.pk]
    assert ids(owner.get(f"/runs?since={yesterday}")) == [last.pk, first.pk, pipeline]
    assert ids(owner.get(f"/runs?until={yesterday}")) == [old.pk]
    assert ids(owner.get(f"/runs?parent={old.pk}")) == ids(owner.get("/runs?cause=retry")) == [last.pk]
    assert ids(owner.get(f"/runs?before={last.pk}")) == [first.pk, pipeline, old.pk]
    assert ids(owner.get("/runs?project=site&workflow=noop&page_size=1")) == [last.pk]
    assert ids(owner.get("/runs?project=elsewhere")) == []


def test_runs_of_two_servers_whose_clocks_differ_are_both_found(owner: Api, people: People) -> None:
    first, last = make_runs(people, 2)
    moment = timezone.now().replace(microsecond=0)
    Run.objects.filter(pk=first.pk).update(created_at=moment + timedelta(seconds=1))
    Run.objects.filter(pk=last.pk).update(created_at=moment - timedelta(seconds=1))
    assert ids(owner.get(f"/runs?since={moment:%Y-%m-%dT%H:%M:%SZ}")) == [first.pk]


@pytest.mark.parametrize(
    "query", ["stauts=failed", "status=broken", "since=tomorrow", "parent=x", "parent=-1", "status="]
)
def test_a_filter_that_is_none_is_refused(owner: Api, query: str) -> None:
    response = owner.get(f"/runs?{query}")
    assert (response.status_code, response.json()["problems"][0]["path"]) == (422, query.partition("=")[0])


def test_a_misspelt_filter_names_the_one_that_was_meant(owner: Api) -> None:
    assert "Did you mean status?" in owner.get("/runs?stauts=x").json()["problems"][0]["message"]


def test_a_page_of_runs_costs_the_same_number_of_queries_as_one_run(owner: Api, people: People) -> None:
    costs = []
    for more in (1, 20):
        make_runs(people, more)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            owner.get("/runs")
        costs.append(len(queries))
    assert costs[0] == costs[1] <= 9


def test_cancel_asks_the_run_to_stop_and_a_second_time_is_a_conflict(owner: Api, things: Things) -> None:
    first, second = (owner.post(f"/runs/{things.run.pk}/cancel") for _ in range(2))
    assert (first.status_code, first.json()["allowed"]) == (202, [])
    assert (second.status_code, second.json()["code"]) == (409, "conflict")
    assert Run.objects.get(pk=things.run.pk).stop_reason == "canceled_by_user"


def test_what_goes_on_cannot_be_retried(owner: Api, things: Things) -> None:
    response = owner.post(f"/runs/{things.run.pk}/retry")
    assert (response.status_code, response.json()["code"]) == (409, "conflict")


def test_a_retry_is_a_new_run_of_the_same_version(owner: Api, things: Things) -> None:
    Run.objects.filter(pk=things.run.pk).update(status="failed")
    response = owner.post(f"/runs/{things.run.pk}/retry")
    again = Run.objects.get(pk=response.json()["id"])
    assert response["Location"] == response.json()["url"]
    assert (again.parent_id, again.spec_version, again.cause) == (things.run.pk, things.version, "retry")


@pytest.mark.parametrize("pk", [0, 10**6, 2**63, 10**40])
def test_a_number_that_no_run_has_is_not_found(owner: Api, pk: int) -> None:
    assert owner.get(f"/runs/{pk}").status_code == 404
