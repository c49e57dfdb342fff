"""What an operator does to the whole installation by the API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.accounts.keys import SCOPES
from apps.artifacts.models import Artifact
from apps.runs.models import Queue, Run, Worker
from tests.conftest import People
from tests.unit.apps.api.conftest import Api, Things


@pytest.fixture
def operator(people: People, with_key: Callable[..., Api]) -> Api:
    people.owner.is_superuser = True
    people.owner.save()
    return with_key(scopes=SCOPES)


@pytest.fixture
def worker(db: None) -> Worker:
    now = timezone.now()
    return Worker.objects.create(name="build@here", queues=["coding", "testing"], machine="m", pid=7, started_at=now)


def test_the_queues_tell_what_waits_and_who_works(operator: Api, things: Things, worker: Worker) -> None:
    found = {one["role"]: one for one in operator.get("/admin/queues").json()["results"]}
    assert list(found) == ["manager", "coding", "testing", "deployment", "monitoring"]
    assert (found["manager"]["due"], found["coding"]["workers"]) == (0, ["build@here"])
    assert (found["coding"]["paused"], found["coding"]["paused_by"]) == (False, None)


def test_a_queue_is_paused_and_resumed(operator: Api, people: People) -> None:
    until = timezone.now() + timedelta(hours=2)
    paused = operator.post("/admin/queues/coding/pause", {"reason": "New disk", "until": until.isoformat()}).json()
    assert (paused["paused"], paused["paused_by"], paused["reason"]) == (True, "owner", "New disk")
    assert Queue.objects.get(role="coding").until == until
    assert operator.post("/admin/queues/coding/resume").json()["paused"] is False
    assert operator.post("/admin/queues/coding/resume").status_code == 409


def test_a_queue_that_is_not_there_and_a_time_that_is_over_are_refused(operator: Api) -> None:
    missing = operator.post("/admin/queues/codign/pause")
    assert (missing.status_code, "There are: manager" in missing.json()["detail"]) == (404, True)
    late = operator.post("/admin/queues/coding/pause", {"until": "2020-01-01T00:00:00Z"})
    assert late.status_code == 422
    assert not Queue.objects.filter(role="coding").exclude(paused_at=None).exists()


def test_a_worker_is_drained_and_resumed(operator: Api, worker: Worker) -> None:
    drained = operator.post(f"/admin/workers/{worker.pk}/drain").json()
    assert (drained["state"], drained["draining_by"]) == ("drained", "owner")
    assert drained["left_without"] == ["coding", "testing"]
    assert operator.post(f"/admin/workers/{worker.pk}/drain").status_code == 409
    (listed,) = operator.get("/admin/workers").json()["results"]
    assert listed["state"] == "drained"
    assert operator.post(f"/admin/workers/{worker.pk}/resume").json()["state"] == "idle"
    assert operator.post(f"/admin/workers/{worker.pk}/resume").status_code == 409
    assert operator.post("/admin/workers/99999/drain").status_code == 404


def test_many_are_canceled_run_by_run(operator: Api, things: Things) -> None:
    would = operator.post("/admin/runs/cancel", {"statuses": ["running"], "dry_run": True}).json()
    assert (would["done"], would["runs"][0]["message"]) == (0, "It would be canceled.")
    told = operator.post("/admin/runs/cancel", {"ids": [things.run.pk]}).json()
    assert (told["done"], told["runs"][0]["run"]) == (1, things.run.pk)
    assert Run.objects.get(pk=things.run.pk).stop_reason == "canceled_by_user"


def test_a_list_that_turned_out_empty_does_not_mean_all(operator: Api, things: Things) -> None:
    for body in ({"ids": []}, {"statuses": []}):
        assert operator.post("/admin/runs/cancel", body).status_code == 422
    assert Run.objects.get(pk=things.run.pk).stop_reason == ""


def test_many_are_retried_once(operator: Api, things: Things) -> None:
    Run.objects.filter(pk=things.run.pk).update(status="failed", finished_at=timezone.now())
    first, second = (operator.post("/admin/runs/retry", {"project": "site"}).json() for _ in range(2))
    made = Run.objects.latest("pk")
    assert (first["done"], first["runs"][0]["made"]) == (1, made.pk)
    assert (second["done"], second["runs"][0]["made"]) == (0, made.pk)


def test_old_runs_are_pruned(operator: Api, things: Things) -> None:
    Run.objects.filter(pk=things.run.pk).update(status="failed", finished_at=timezone.now() - timedelta(days=99))
    body = {"older_than_days": 90}
    would = operator.post("/admin/runs/prune", {**body, "dry_run": True}).json()
    assert Run.objects.filter(pk=things.run.pk).exists()
    assert operator.post("/admin/runs/prune", body).json() == would
    assert (would["runs"], would["artifacts"], would["more"]) == (1, 1, False)
    assert not Run.objects.filter(pk=things.run.pk).exists()
    assert not Artifact.objects.exists()


def test_a_prune_of_everything_is_refused(operator: Api) -> None:
    assert operator.post("/admin/runs/prune", {"older_than_days": 0}).status_code == 422
    assert operator.post("/admin/runs/prune", {}).status_code == 422


def test_a_key_of_one_project_does_not_reach_the_installation(
    operator: Api, people: People, with_key: Callable[..., Api]
) -> None:
    narrow = with_key(scopes=SCOPES, project_id=people.project.pk)
    assert narrow.post("/admin/queues/coding/pause").status_code == 403
