"""A run's page: what it says, what it hides, what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.artifacts.models import Artifact
from apps.artifacts.store import StoreUnavailable, installed
from apps.artifacts.store.memory import MemoryStore
from apps.dashboard.pages.run import PARTS
from apps.events.models import LogChunk
from apps.events.services import record
from apps.projects.models import Project
from apps.runs.models import Job, Run, Task
from apps.specs.services import save
from tests.conftest import People
from tests.stories import runs
from tests.unit.apps.dashboard.conftest import Visit

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>"


MOST_QUERIES = 20  # of a whole page


def page(people: People, visit: Visit, run: Run, who: str = "owner", query: str = "") -> str:
    return str(visit(getattr(people, who)).get(f"/runs/{run.pk}/{query}").content.decode())


def test_a_waiting_run_asks_who_may_decide(people: People, visit: Visit) -> None:
    shown = page(people, visit, runs.waiting(people.project, people.owner), "teammate")
    assert "Approve deploy" in shown
    assert "/approve/" in shown


def test_a_viewer_sees_everything_and_has_no_buttons(people: People, visit: Visit) -> None:
    shown = page(people, visit, runs.waiting(people.project, people.owner), "viewer")
    assert "Approve deploy" in shown
    assert not [word for word in ("/approve/", "/reject/", "/cancel/", "/retry/") if word in shown]


def test_buttons_follow_the_table_of_moves(people: People, visit: Visit) -> None:
    offered = {}
    for story in ("queued", "running", "completed", "canceled"):
        shown = page(people, visit, getattr(runs, story)(people.project, people.owner))
        offered[story] = ("/cancel/" in shown, "/retry/" in shown)
    assert offered == {
        "queued": (True, False),
        "running": (True, False),
        "completed": (False, True),
        "canceled": (False, True),
    }


def test_a_completed_run_shows_its_evidence_and_its_site(people: People, visit: Visit) -> None:
    shown = page(people, visit, runs.completed(people.project, people.owner))
    for words in (
        "24 passed",
        "answered 200",
        "http://127.0.0.1:8080",
        "tree.tar",
        "40.0 KiB",
        "5 of 5 steps",
        "96.7 %",
    ):
        assert words in shown


def test_a_failed_run_says_why_first(people: People, visit: Visit) -> None:
    shown = page(people, visit, runs.failing(people.project, people.owner))
    assert "Tests failed" in shown
    assert "/posts/second/ leads nowhere" in shown


def test_a_run_in_progress_has_a_stream_that_begins_at_what_is_shown(people: People, visit: Visit) -> None:
    run = runs.running(people.project, people.owner)
    last = record(run.pk, "activity", {"text": "Counting bees"})
    shown = page(people, visit, run)
    assert f'data-stream="/api/v1/runs/{run.pk}/stream"' in shown
    assert f'data-seen="{last}"' in shown


def test_a_run_that_has_ended_keeps_no_connection_open(people: People, visit: Visit) -> None:
    assert "data-stream" not in page(people, visit, runs.failing(people.project, people.owner))
    assert "data-stream" in page(people, visit, runs.completed(people.project, people.owner))  # its site is watched


def test_the_log_of_the_job_at_work_is_shown_and_another_may_be_chosen(people: People, visit: Visit) -> None:
    run = runs.running(people.project, people.owner)
    first, newest = run.jobs.earliest("pk"), run.jobs.filter(status="running").latest("pk")
    assert f'src="/api/v1/jobs/{newest.pk}/log/stream"' in page(people, visit, run)
    chosen = page(people, visit, run, query=f"?job={first.pk}")
    assert f'src="/api/v1/jobs/{first.pk}/log/stream"' in chosen
    assert f"parts/log/?job={first.pk}" in chosen


def test_a_job_of_another_run_cannot_be_chosen(people: People, visit: Visit) -> None:
    run = runs.waiting(people.project, people.owner)
    other = runs.waiting(people.foreign_project, people.outsider).jobs.earliest("pk")
    assert f"/jobs/{other.pk}/log" not in page(people, visit, run, query=f"?job={other.pk}")


def test_with_the_store_away_the_page_is_there_without_the_log(people: People, visit: Visit) -> None:
    class Away(MemoryStore):
        def get(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
            raise StoreUnavailable("Cannot read the artifact store: it does not answer.")

    run = runs.completed(people.project, people.owner)
    job = run.jobs.order_by("-pk").first()
    assert job is not None
    with installed(Away()):
        LogChunk.objects.all().delete()
        Artifact.objects.create(run=run, job=job, name="output.log", kind="log", size_bytes=9, store_key="logs/1/a")
        shown = page(people, visit, run, query=f"?job={job.pk}")
    assert "The store that holds this output does not answer" in shown
    assert run.message in shown


def test_it_says_what_is_no_longer_kept_and_until_when_the_rest_is(people: People, visit: Visit) -> None:
    run = runs.completed(people.project, people.owner)
    job = run.jobs.order_by("-pk").first()
    assert job is not None
    LogChunk.objects.all().delete()
    Job.objects.filter(pk=job.pk).update(finished_at=timezone.now() - timedelta(days=91))
    at = datetime(2026, 3, 1, tzinfo=UTC)
    values = {"kind": "workspace", "size_bytes": 9, "store_key": "runs/1/a", "created_at": at}
    Artifact.objects.create(run=run, job=job, name="workspace.tar.gz", **values)
    shown = page(people, visit, run, query=f"?job={job.pk}")
    assert "What this job printed is no longer kept." in shown
    assert "kept until 8 Mar 2026" in shown


def test_without_scripts_the_end_of_the_log_is_there_without_control_sequences(people: People, visit: Visit) -> None:
    shown = page(people, visit, runs.failing(people.project, people.owner))
    assert "test_links_resolve ... ok" in shown
    assert "\x1b" not in shown


def test_nothing_that_came_from_outside_is_markup(people: People, visit: Visit) -> None:
    """A title, a message, a comment, an event, a log line, an address: each with the same trick."""
    run = runs.completed(people.project, people.owner)
    Run.objects.filter(pk=run.pk).update(title=EVIL, message=EVIL, status="failed", engine="<b>")
    run.tasks.update(
        title=EVIL, evidence={"outputs": [EVIL], "tests": [{"command": EVIL, "message": EVIL, "reason": "x"}]}
    )
    run.jobs.update(message=EVIL, outcome={"checks": [{"url": EVIL, "message": EVIL}], "tests": [{"command": EVIL}]})
    record(run.pk, "activity", {"text": EVIL})
    record(run.pk, EVIL[:20], {EVIL: EVIL})
    environment = run.releases.get().environment
    environment.url = "javascript:alert(3)"
    environment.save()
    shown = page(people, visit, run)
    assert "<script>alert" not in shown
    assert "<img src=x" not in shown
    assert "javascript:" not in shown


@pytest.mark.parametrize(
    "odd", [None, 7, "x", [], {"outputs": 7, "tests": ["x", {}], "checks": {}}, {"tests": [{"counts": 3}]}]
)
def test_what_a_worker_got_wrong_does_not_break_the_page(people: People, visit: Visit, odd: object) -> None:
    run = runs.completed(people.project, people.owner)
    run.tasks.update(evidence=odd if odd is not None else {})
    run.jobs.update(outcome=odd if odd is not None else {})
    record(run.pk, "check", odd if isinstance(odd, dict) else {"took_ms": odd, "id": odd, "to": odd})
    assert page(people, visit, run)


def big(project: Project, tasks: int) -> Run:
    run = runs.queued(project, None)
    spec = {"id": "t", "title": "t", "tests": []}
    Task.objects.bulk_create(
        Task(run=run, key=f"t{n}", title=f"Task {n}", position=n, spec=spec, needs=[f"t{n - 1}"] if n else [])
        for n in range(tasks)
    )
    return run


@pytest.mark.parametrize("part", PARTS)
def test_a_part_costs_the_same_for_five_tasks_and_for_fifty(people: People, visit: Visit, part: str) -> None:
    client, counts = visit(people.owner), []
    for tasks in (5, 50):
        run = big(people.project, tasks)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/runs/{run.pk}/parts/{part}/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 14


def test_the_parts_share_what_they_read(people: People, visit: Visit) -> None:
    run = runs.incident(people.project, people.owner).release.run
    client = visit(people.owner)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(f"/runs/{run.pk}/").status_code == 200
    read = [query["sql"] for query in queries]
    assert len(read) <= MOST_QUERIES
    assert len([sql for sql in read if 'FROM "runs_task" WHERE "runs_task"."run_id"' in sql]) == 1
    assert len([sql for sql in read if 'FROM "runs_job" WHERE "runs_job"."run_id"' in sql]) == 1
    assert len([sql for sql in read if 'FROM "accounts_membership"' in sql]) == 1


def test_a_plan_of_thousands_is_counted_and_not_drawn(people: People, visit: Visit) -> None:
    shown = page(people, visit, big(people.project, 3000))
    assert "too many to draw" in shown
    assert len(shown) < 150_000


def test_a_spec_of_a_megabyte_is_not_read_for_the_head(people: People, visit: Visit) -> None:
    run = runs.queued(people.project, people.owner)
    with CaptureQueriesContext(connection) as queries:
        visit(people.owner).get(f"/runs/{run.pk}/parts/head/")
    assert not [query for query in queries if '"specs_specversion"."text"' in query["sql"]]


def test_a_part_that_does_not_exist_is_not_there(people: People, visit: Visit) -> None:
    run = runs.queued(people.project, people.owner)
    assert visit(people.owner).get(f"/runs/{run.pk}/parts/secrets/").status_code == 404


def test_a_run_of_an_edited_spec_links_to_its_version(people: People, visit: Visit) -> None:
    save(people.project, runs.BLOG + "# one more line\n", people.owner)
    run = runs.queued(people.project, people.owner)
    assert run.spec_version is not None
    assert f"/specs/{run.spec_version.spec_id}/?version=2" in page(people, visit, run)
