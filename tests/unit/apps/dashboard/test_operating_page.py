"""The page Queues and workers: for operators, with a button for each thing that can be done now."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from apps.runs.models import Job, Queue, Worker
from apps.runs.services.drain import drain_worker
from apps.runs.services.pause import pause_queue
from apps.runs.services.presence import name_prefix
from tests.conftest import People
from tests.stories import runs
from tests.unit.apps.dashboard.conftest import Visit


@pytest.fixture
def operator(people: People, visit: Visit) -> Client:
    people.outsider.is_superuser = True
    people.outsider.save()
    return visit(people.outsider)


@pytest.fixture
def worker(db: None) -> Worker:
    return enter("build@here", ["coding", "testing"])


def enter(name: str, queues: list[str]) -> Worker:
    now = timezone.now()
    return Worker.objects.create(name=name, queues=queues, machine="m", pid=7, processes=2, started_at=now)


def text(client: Client) -> str:
    answer = client.get("/queues/")
    assert answer.status_code == 200
    return answer.content.decode()


def said(client: Client, path: str, **form: str) -> str:
    answer = client.post(path, form, follow=True)
    assert answer.redirect_chain == [("/queues/", 302)]
    return answer.content.decode()


def test_a_queue_is_paused_with_its_reason_and_resumed(operator: Client, people: People) -> None:
    page = said(operator, "/queues/coding/pause/", reason="<b>New disk</b>", minutes="120")
    queue = Queue.objects.get_or_create(role="coding")[0]
    assert (queue.is_paused, queue.paused_by, queue.reason) == (True, people.outsider, "<b>New disk</b>")
    assert queue.until is not None
    assert 119 < (queue.until - timezone.now()).total_seconds() / 60 <= 120
    assert "&lt;b&gt;New disk" in page
    assert "<b>New disk" not in page
    assert "what waited is sent again" in said(operator, "/queues/coding/resume/")
    assert "was not paused" in said(operator, "/queues/coding/resume/")


@pytest.mark.parametrize("minutes", ["", "0", "-3", "soon", "9" * 30])
def test_a_time_that_is_none_does_no_harm(operator: Client, minutes: str) -> None:
    said(operator, "/queues/coding/pause/", minutes=minutes)
    assert Queue.objects.get(role="coding").is_paused


def test_a_worker_is_drained_and_resumed(operator: Client, worker: Worker) -> None:
    page = said(operator, f"/workers/{worker.pk}/drain/")
    assert "Nobody else takes from: coding, testing." in page
    assert 'data-status="drained"' in page
    assert "was drained already" in said(operator, f"/workers/{worker.pk}/drain/")
    assert "takes jobs again" in said(operator, f"/workers/{worker.pk}/resume/")
    assert "was not drained" in said(operator, f"/workers/{worker.pk}/resume/")


def test_what_is_not_there_is_not_found(operator: Client) -> None:
    for path in ("/queues/codign/pause/", "/queues/codign/resume/", "/workers/9/drain/", "/workers/9/resume/"):
        assert operator.post(path).status_code == 404


def test_each_queue_says_what_is_due_and_who_works(operator: Client, people: People, worker: Worker) -> None:
    assert "Nobody works" in text(operator)
    enter("steady@here", ["manager", "deployment", "monitoring"])
    runs.queued(people.project, people.owner)
    job = Job.objects.filter(run=runs.running(people.project, people.owner), status="running").earliest("pk")
    Job.objects.filter(pk=job.pk).update(worker=f"{name_prefix(worker)}8")
    page = text(operator)
    assert "Nobody works" not in page
    assert page.count("<dd data-due>1</dd>") == 1
    assert "1 of 2 processes are busy" in page
    assert f'href="/jobs/{job.pk}/"' in page


def test_what_can_be_done_now_has_a_button_and_nothing_else(operator: Client, worker: Worker) -> None:
    pause_queue("coding", None)
    drain_worker(worker, None)
    page = text(operator)
    assert "/queues/coding/resume/" in page
    assert "/queues/coding/pause/" not in page
    assert "/queues/testing/pause/" in page
    assert f"/workers/{worker.pk}/resume/" in page
    assert f"/workers/{worker.pk}/drain/" not in page


def test_it_costs_the_same_for_few_and_for_many(operator: Client, people: People) -> None:
    counts = []
    for number in range(2):
        for one in range(3):
            enter(f"build-{number}-{one}@here", ["coding"])
            runs.queued(people.project, people.owner)
        with CaptureQueriesContext(connection) as queries:
            text(operator)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 14


def test_the_link_to_flower_is_there_where_flower_is(operator: Client, settings: Settings) -> None:
    assert "Flower" not in text(operator)
    settings.FLOWER_URL = "https://flower.example/"
    assert 'href="https://flower.example/"' in text(operator)


def test_only_operators_are_shown_the_way(operator: Client, people: People, visit: Visit) -> None:
    assert 'href="/queues/"' in operator.get("/").content.decode()
    assert 'href="/queues/"' not in visit(people.owner).get("/").content.decode()
