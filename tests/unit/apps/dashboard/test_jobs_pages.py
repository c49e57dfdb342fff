"""The pages of jobs: found among all that a person may see, each with its times, tests, commands and attempts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.artifacts.store import installed
from apps.artifacts.store.memory import MemoryStore
from apps.dashboard.reads.job_list import PAGE
from apps.dashboard.reads.job_stages import parts_of
from apps.fleet import job_list
from apps.fleet.stages import stages_of
from apps.runs.models import Job, Run
from tests.conftest import People
from tests.stories import fleet
from tests.unit.apps.dashboard.conftest import Visit
from tests.unit.apps.dashboard.markup import Page, what_a_reader_would_miss, what_the_policy_forbids


@pytest.fixture(autouse=True)
def _store() -> Iterator[None]:
    with installed(MemoryStore()):
        yield


@pytest.fixture
def pipeline(people: People) -> fleet.Pipeline:
    return fleet.pipeline(people.project, people.owner)


def make(people: People, count: int = 1, **values: object) -> list[int]:
    project = values.pop("project", people.project)
    made = []
    for _ in range(count):
        run = Run.objects.create(project=project, workflow="noop", title="Site", status=values.get("status", "running"))
        made.append(Job.objects.create(**{"run": run, "role": "coding", "step": "coding.code", **values}).pk)
    return made


def text(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def numbers(client: Client, query: str = "") -> list[int]:
    return [int(one) for one in re.findall(r'<li class="line" id="job-(\d+)"', text(client, f"/jobs/?{query}"))]


def test_pages_lead_on_without_a_gap(people: People, visit: Visit) -> None:
    made, client = make(people, PAGE + 3)[::-1], visit(people.viewer)
    page = text(client, "/jobs/")
    (older,) = re.findall(r'href="\?(before=[\d.]+)"', page)
    assert numbers(client) + numbers(client, older) == made
    assert "Newest" in text(client, f"/jobs/?{older}")


def test_filters_narrow_it(people: People, visit: Visit, pipeline: fleet.Pipeline) -> None:
    client = visit(people.owner)
    (other,) = make(people, status="failed", reason="lost")
    cells = [pipeline.queued.pk, pipeline.running.pk, pipeline.failed.pk]
    assert numbers(client, "kind=ci") == numbers(client, "role=testing") == numbers(client, "q=python") == cells
    assert numbers(client, "kind=other") == numbers(client, "role=coding") == [other]
    assert numbers(client, "status=failed") == [other, pipeline.failed.pk]
    assert numbers(client, f"q=%23{other}")[0] == other
    assert numbers(client, f"project={people.foreign_project.pk}") == []
    assert "No job fits" in text(client, "/jobs/?q=nothing-like-it")


def test_somebody_elses_jobs_are_not_in_it(people: People, visit: Visit, pipeline: fleet.Pipeline) -> None:
    (theirs,) = make(people, project=people.foreign_project)
    assert numbers(visit(people.outsider)) == [theirs]
    assert numbers(visit(people.outsider), f"q={pipeline.failed.pk}") == []
    for person in (people.owner, people.teammate, people.viewer):
        assert theirs not in numbers(visit(person))
        assert len(numbers(visit(person))) == 3


def test_only_operators_ask_by_agent(people: People, visit: Visit, pipeline: fleet.Pipeline) -> None:
    query = f"agent={pipeline.agent.pk}"
    assert len(numbers(visit(people.owner), query)) == 3
    assert 'name="agent"' not in text(visit(people.owner), "/jobs/")
    people.outsider.is_superuser = True
    people.outsider.save()
    assert numbers(visit(people.outsider), query) == [pipeline.running.pk, pipeline.failed.pk]
    assert 'name="agent"' in text(visit(people.outsider), "/jobs/")


@pytest.mark.parametrize("nonsense", ["x", "-1", "9" * 30, "1.2.3", "²"])
def test_nonsense_in_the_address_is_not_asked_for(people: People, visit: Visit, nonsense: str) -> None:
    made = make(people)
    query = "&".join(f"{name}={nonsense}" for name in ("status", "role", "kind", "project", "before"))
    assert numbers(visit(people.owner), query) == made


def test_where_nothing_fits_it_says_how_far_it_looked_and_leads_on(
    people: People, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_list, "LOOKED_AT", 3)
    (old,) = make(people, status="failed")
    make(people, 3)
    page = text(visit(people.owner), "/jobs/?role=coding&status=failed")
    assert "Nothing here fits" in page
    (older,) = re.findall(r'before=([\d.]+)"', page)
    assert numbers(visit(people.owner), f"status=failed&before={older}") == [old]


def test_a_page_costs_the_same_however_many_jobs_there_are(people: People, visit: Visit) -> None:
    client, counts = visit(people.owner), []
    for count in (1, PAGE, 40):
        make(people, count)
        with CaptureQueriesContext(connection) as queries:
            text(client, "/jobs/")
        counts.append(len(queries))
    assert counts[0] == counts[1] == counts[2] <= 10


@pytest.mark.parametrize("name", ["failed", "running", "queued"])
def test_a_jobs_page_is_whole(people: People, visit: Visit, pipeline: fleet.Pipeline, name: str) -> None:
    for path in (f"/jobs/{getattr(pipeline, name).pk}/", "/jobs/"):
        page = Page(text(visit(people.owner), path))
        assert what_the_policy_forbids(page) + what_a_reader_would_miss(page) == []


def test_it_shows_tests_commands_and_where_it_ran(people: People, visit: Visit, pipeline: fleet.Pipeline) -> None:
    page = text(visit(people.viewer), f"/jobs/{pipeline.failed.pk}/")
    assert "128 passed, 2 failed, 3 skipped, in 42 s" in page
    assert "tests/test_hive.py:17" in page
    assert "test_&lt;honey&gt;" in page
    assert "test_winter" in page
    assert "<code>make test</code> exited with 2 after 42 s" in page
    assert "<dd>mac-mini</dd>" in page  # not a link: its page is for operators
    assert "collected 133 items" in page


def test_a_job_that_waits_says_for_what(people: People, visit: Visit, pipeline: fleet.Pipeline) -> None:
    page = text(visit(people.owner), f"/jobs/{pipeline.queued.pk}/")
    assert "For an agent with the tags arm" in page


def test_the_run_of_a_pipelines_job_is_canceled_from_its_page(
    people: People, visit: Visit, pipeline: fleet.Pipeline
) -> None:
    path = f"/jobs/{pipeline.running.pk}/"
    assert "Cancel the run" not in text(visit(people.viewer), path)
    assert "Cancel the run" in text(visit(people.teammate), path)
    visit(people.teammate).post(f"/runs/{pipeline.run.pk}/cancel/")
    assert "Stopping" in text(visit(people.teammate), path)


def test_attempts_are_told_with_their_reasons(people: People, visit: Visit, pipeline: fleet.Pipeline) -> None:
    lost = pipeline.running
    Job.objects.filter(pk=lost.pk).update(status="failed", reason="lost", finished_at=timezone.now())
    again = Job.objects.create(run=lost.run, task=lost.task, role=lost.role, step=lost.step, attempt=2)
    page = text(visit(people.owner), f"/jobs/{again.pk}/")
    assert f'<a href="/jobs/{lost.pk}/">Round 1, attempt 1</a>' in page
    assert "Its worker disappeared" in page


def test_what_an_agent_makes_up_does_not_break_the_page(people: People, visit: Visit, pipeline: fleet.Pipeline) -> None:
    made_up = {"counts": {"passed": "x", "failures": [1]}, "commands": [{"exit_code": [], "seconds": "y"}, 3], "x": 1}
    for outcome in (made_up, {"counts": [], "commands": {}}, {"commands": None}):
        Job.objects.filter(pk=pipeline.failed.pk).update(outcome=outcome)
        text(visit(people.owner), f"/jobs/{pipeline.failed.pk}/")


def test_stages_follow_one_another_up_to_the_end(pipeline: fleet.Pipeline) -> None:
    job = Job.objects.select_related("assignment").get(pk=pipeline.failed.pk)
    given = job.assignment
    job.queued_at, given.offered_at = timezone.now() - timedelta(seconds=20), timezone.now() - timedelta(seconds=15)
    job.started_at, given.prepared_s = timezone.now() - timedelta(seconds=10), 4.0
    job.finished_at = job.started_at + timedelta(seconds=10)
    stages = stages_of(job)
    assert [one.name for one in stages] == ["queued", "offered", "prepared", "ran"]
    assert [round(one.seconds(timezone.now())) for one in stages] == [5, 5, 4, 6]
    assert [one.ended_at for one in stages[:-1]] == [one.began_at for one in stages[1:]]


def test_the_bar_is_filled_exactly(pipeline: fleet.Pipeline) -> None:
    job = Job.objects.select_related("assignment").get(pk=pipeline.failed.pk)
    parts = parts_of(job, timezone.now())
    assert sum(part.width for part in parts) == pytest.approx(100, abs=0.1)
    assert min(part.width for part in parts) > 0.3
    assert parts[-1].at + parts[-1].width == pytest.approx(100, abs=0.1)


def test_a_workers_job_has_no_offer(people: People) -> None:
    (pk,) = make(people)
    assert [one.name for one in stages_of(Job.objects.get(pk=pk))] == ["queued"]
    Job.objects.filter(pk=pk).update(started_at=timezone.now())
    assert [one.name for one in stages_of(Job.objects.get(pk=pk))] == ["queued", "ran"]
