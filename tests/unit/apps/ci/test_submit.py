"""A submission becomes a run with a task per cell; cells do not wait for one another, and all count."""

from __future__ import annotations

from typing import Any

import pytest

from apps.artifacts.models import Artifact
from apps.artifacts.services.remove_orphans import GRACE, remove_orphans
from apps.artifacts.store import NotStored, store
from apps.ci.services.settle import settle
from apps.ci.services.submit import keep_package
from apps.events import clock
from apps.fleet.orders import order_of, with_secrets
from apps.fleet.services.acknowledge import acknowledge
from apps.fleet.services.enrol import Introduction, create_token, register
from apps.fleet.services.offer import offer_up_to
from apps.fleet.services.report import Said, report
from apps.projects.secrets import put_secret
from apps.runs.models import Job, Run
from apps.runs.outcome import Outcome, done, failed
from apps.runs.services.active import ActiveJob
from apps.runs.services.claim import claim
from apps.runs.services.finish import finish
from apps.runs.services.start import retry_run
from apps.runs.services.stop import cancel_run
from apps.runs.states import Reason
from tests.conftest import People
from tests.unit.apps.ci.conftest import Submit

MATRIX = {"py": ["3.11", "3.12", "3.13"]}


def end(job: Job, outcome: Outcome | None = None) -> None:
    """What the Celery task does, with this for the work."""
    run = Run.objects.get(pk=job.run_id)
    row = claim(job.pk, run.epoch, "worker")
    assert row is not None, f"{job} could not be claimed"
    finish(ActiveJob(row), outcome or done(), run.epoch)
    settle(job.pk)


def test_one_job_is_sent_to_a_testing_worker_and_its_run_ends_with_it(submitted: Submit, sent: list[Any]) -> None:
    run = submitted()
    job = run.jobs.get()
    assert sent == [("testing.ci", job.pk, run.epoch)]
    end(job)
    run.refresh_from_db()
    assert (run.status, run.tasks.get().status) == ("completed", "verified")


def test_an_agents_last_cell_ends_the_run_with_its_final_word(submitted: Submit, sent: list[Any]) -> None:
    run = submitted(runs_on=["arm"])
    agent = register(create_token(None, "t", tags=["arm"]).token, Introduction("a")).agent
    (offer,) = offer_up_to(agent, 1)
    acknowledge(agent, offer.job_id, offer.lease)
    assert report(agent, offer.job_id, offer.lease, Said(exit_code=0))
    run.refresh_from_db()
    assert (run.status, run.tasks.get().status, sent) == ("completed", "verified", [])


def test_a_matrix_makes_a_job_of_each_cell_at_once(submitted: Submit, sent: list[Any]) -> None:
    run = submitted(matrix=MATRIX)
    assert [task.title for task in run.tasks.all()] == ["py 3.11", "py 3.12", "py 3.13"]
    assert [step for step, *_ in sent] == ["testing.ci"] * 3
    for job in run.jobs.all():
        assert Run.objects.get(pk=run.pk).status != "completed"
        end(job)
    assert Run.objects.get(pk=run.pk).status == "completed"


def test_the_other_cells_go_on_when_one_fails_and_the_run_has_failed(submitted: Submit) -> None:
    run = submitted(matrix=MATRIX)
    first, second, third = run.jobs.all()
    end(first, failed(Reason.TESTS_FAILED, "red"))
    end(second)
    end(third)
    run.refresh_from_db()
    assert (run.status, run.reason) == ("failed", "tests_failed")
    assert [job.status for job in run.jobs.order_by("pk")] == ["failed", "completed", "completed"]


def test_fail_fast_stops_the_others(submitted: Submit) -> None:
    run = submitted(matrix=MATRIX, fail_fast=True)
    first, second, _ = run.jobs.all()
    claim(second.pk, run.epoch, "worker")
    end(first, failed(Reason.SCRIPT_FAILED, "red"))
    settle_anyway(run)
    run.refresh_from_db()
    assert run.stop_reason == "script_failed"


def test_a_lost_cell_is_tried_again_while_the_others_go_on(submitted: Submit) -> None:
    run = submitted(matrix=MATRIX)
    first, second, third = run.jobs.all()
    end(first, failed(Reason.LOST, "gone"))
    settle_anyway(run)
    assert run.jobs.filter(task=first.task, attempt=2, status="queued").exists()
    for job in (second, third, run.jobs.get(task=first.task, attempt=2)):
        end(job)
    assert Run.objects.get(pk=run.pk).status == "completed"


def settle_anyway(run: Run) -> None:
    from apps.runs.services.advance import decide_and_prepare

    decide_and_prepare(run.pk)


def test_a_package_by_address_is_fetched_before_any_cell_begins(
    submitted: Submit, sent: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    run = submitted(matrix=MATRIX, more={"package_url": "https://example.org/p.zip"})
    assert [step for step, *_ in sent] == ["testing.fetch"]
    cell = run.jobs.filter(step="testing.ci").first()
    assert cell is not None
    assert claim(cell.pk, run.epoch, "early") is None
    with django_capture_on_commit_callbacks(execute=True):
        end(run.jobs.get(step="testing.fetch"))
    assert [step for step, *_ in sent] == ["testing.fetch", *["testing.ci"] * 3]


def test_a_package_that_was_not_had_fails_the_run_without_its_cells(submitted: Submit) -> None:
    run = submitted(matrix=MATRIX, more={"package_url": "https://example.org/p.zip"})
    end(run.jobs.get(step="testing.fetch"), failed(Reason.BAD_PACKAGE, "404"))
    settle_anyway(run)
    run.refresh_from_db()
    assert (run.status, run.reason) == ("failed", "bad_package")
    assert set(run.jobs.filter(step="testing.ci").values_list("status", flat=True)) == {"canceled"}


def test_what_runs_on_agents_is_not_sent_to_celery(submitted: Submit, sent: list[Any]) -> None:
    run = submitted(runs_on=["gpu"])
    assert sent == []
    assert run.jobs.get().runs_on == ["gpu"]


@pytest.mark.parametrize(
    ("wanted", "tags"),
    [
        ({"image": "python:3.12", "runs_on": ["gpu"]}, ["gpu", "sandbox:docker"]),
        ({"sandbox": "bubblewrap", "runs_on": ["gpu"]}, ["gpu", "sandbox:bubblewrap"]),
        ({"image": "python:3.12"}, []),
    ],
    ids=["image", "sandbox", "workers"],
)
def test_an_agent_must_have_the_sandbox_that_it_needs(submitted: Submit, wanted: Any, tags: list[str]) -> None:
    assert submitted(**wanted).jobs.get().runs_on == tags


def test_an_order_says_all_that_a_runner_needs(submitted: Submit, people: People) -> None:
    put_secret(people.project, "TOKEN", "hush-hush")
    run = submitted(
        b"packed",
        more={"source": {"commit": "abc", "ref": "main"}},
        commands=[{"run": "make", "timeout": "1m"}],
        env={"A": "1"},
        secrets=["TOKEN"],
        junit="r.xml",
        memory="1GiB",
        network="internet",
        cache=[{"key": "pip", "paths": [".cache"]}],
        timeout="10m",
    )
    order = order_of(run.jobs.get())
    assert order.secrets == {"TOKEN": ""}
    assert with_secrets(run.jobs.get(), order).secrets == {"TOKEN": "hush-hush"}
    assert (order.env["A"], order.env["HIVE_CI_COMMIT"], order.env["HIVE_RUN"]) == ("1", "abc", str(run.pk))
    assert (order.commands[0].timeout_s, order.bounds.timeout_s, order.bounds.memory_bytes) == (60, 600, 2**30)
    assert order.package is not None
    assert (order.package.size_bytes, order.network, order.junit) == (6, True, ("r.xml",))


def test_a_retry_has_a_package_of_its_own(submitted: Submit, people: People, memory: Any) -> None:
    run = submitted(b"packed")
    cancel_run(run, people.owner)
    again = retry_run(run, people.owner)
    ours, theirs = (one.artifacts.get(kind=Artifact.Kind.PACKAGE) for one in (run, again))
    assert (ours.sha256, again.parent) == (theirs.sha256, run)
    assert ours.store_key != theirs.store_key


def test_a_retry_whose_package_is_gone_says_so_and_starts_nothing(submitted: Submit, people: People) -> None:
    run = submitted(b"packed")
    store().delete(run.artifacts.get().store_key)
    with pytest.raises(NotStored):
        retry_run(run, people.owner)
    assert Run.objects.count() == 1


def test_a_package_whose_submission_died_is_swept_up_and_one_that_counts_is_not(submitted: Submit) -> None:
    run = submitted(b"packed")
    orphan = keep_package([b"nobody's"], "package.zip")
    remove_orphans(clock.now() + 2 * GRACE)
    assert store().exists(run.artifacts.get().store_key)
    assert not store().exists(orphan.key)
