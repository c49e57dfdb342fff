"""What was used of models, over the API."""

from __future__ import annotations

import pytest

from apps.runs.models import Job
from apps.runs.services import dispatch
from apps.runs.services.active import ActiveJob
from apps.runs.services.claim import claim
from apps.runs.services.start import start_run
from apps.runs.spending.spend import Used, reserve, settle
from tests.conftest import People
from tests.unit.apps.api.conftest import Api


@pytest.fixture
def job(people: People, monkeypatch: pytest.MonkeyPatch) -> ActiveJob:
    """A job that has asked two models, of one of which nobody knows the price."""
    monkeypatch.setattr(dispatch, "send", lambda *_, **__: None)
    run = start_run(people.project, None, people.owner, workflow="noop")
    row = claim(Job.objects.get(run=run).pk, run.epoch, "test/1")
    assert row is not None
    active = ActiveJob(row)
    settle(reserve(active, "a/b", 900, 9_000), Used(100, 20, 50, micros=600))
    settle(reserve(active, "c/d", 900, None), Used(10, 2))
    reserve(active, "a/b", 900, 9_000)
    return active


def test_a_run_tells_what_it_used_and_what_is_left(owner: Api, job: ActiveJob) -> None:
    shown = owner.get(f"/runs/{job.row.run_id}/usage").json()
    assert shown["total"] == {
        "calls": 2,
        "input_tokens": 110,
        "output_tokens": 22,
        "cached_tokens": 50,
        "usd": 0.0006,
        "unpriced_calls": 1,
        "under_way": 1,
    }
    assert [(one["job"], one["calls"]) for one in shown["jobs"]] == [(job.row.pk, 2)]
    assert [(one["model"], one["calls"]) for one in shown["models"]] == [("a/b", 1), ("c/d", 1)]
    assert shown["budget"]["usd"] == {"limit": 5.0, "used": 0.0006, "held": 0.009}
    assert shown["budget"]["calls"] == {"limit": 500, "used": 2, "held": 1}


def test_a_run_and_a_list_of_runs_say_it_in_short(owner: Api, job: ActiveJob) -> None:
    assert owner.get(f"/runs/{job.row.run_id}").json()["usage"]["calls"] == 2
    assert owner.get("/runs").json()["results"][0]["usage"]["input_tokens"] == 110


def test_a_run_that_asked_no_model_used_nothing(owner: Api, people: People) -> None:
    run = start_run(people.project, None, people.owner, workflow="noop")
    shown = owner.get(f"/runs/{run.pk}/usage").json()
    assert (shown["total"]["calls"], shown["jobs"], shown["budget"]) == (0, [], None)


def test_a_project_tells_what_all_its_runs_used(owner: Api, outsider: Api, job: ActiveJob) -> None:
    shown = owner.get(f"/projects/{job.run.project_id}/usage").json()
    assert (shown["total"]["calls"], shown["today"]["calls"]) == (2, 2)
    assert outsider.get(f"/projects/{job.run.project_id}/usage").status_code == 404
