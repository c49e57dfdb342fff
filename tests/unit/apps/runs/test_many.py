"""Many runs at once: chosen, bounded, told one by one, and nothing twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.runs.models import Run
from apps.runs.services.many import Wanted, cancel_many, retry_many
from apps.runs.services.start import start_run
from tests.conftest import People
from tests.unit.apps.runs.conftest import Outbox

ALL = Run.objects.all()
NOW = timezone.now()


def make(people: People, status: str = "queued", hours_ago: float = 0, **fields: object) -> Run:
    run = start_run(people.project, None, people.owner, workflow="noop")
    when = timezone.now() - timedelta(hours=hours_ago)
    ended = {"finished_at": when} if status in ("failed", "completed") else {}
    Run.objects.filter(pk=run.pk).update(status=status, created_at=when, **ended, **fields)
    return Run.objects.get(pk=run.pk)


@pytest.fixture(autouse=True)
def _outbox(outbox: Outbox) -> None:
    """Nothing goes to a broker."""


def test_without_a_filter_what_goes_on_is_canceled(people: People) -> None:
    queued, running, failed = (make(people, status) for status in ("queued", "running", "failed"))
    told = cancel_many(ALL, Wanted(), people.owner)
    assert [(one.run_id, one.done) for one in told] == [(running.pk, True), (queued.pk, True)]
    assert set(ALL.exclude(stop_reason="").values_list("pk", flat=True)) == {queued.pk, running.pk}
    assert Run.objects.get(pk=failed.pk).stop_reason == ""


def test_each_run_that_was_asked_for_is_told_of(people: People) -> None:
    failed, stopping, going = make(people, "failed"), make(people, stop_reason="timed_out"), make(people)
    told = cancel_many(ALL, Wanted(ids=[failed.pk, stopping.pk, going.pk, 10**9]), None)
    assert [(one.run_id, one.done) for one in told] == [(going.pk, True), (stopping.pk, False), (failed.pk, False)]
    assert told[1].message == "It had ended, or was ending already."


def test_a_project_and_a_time_choose(people: People) -> None:
    old, new = make(people, hours_ago=5), make(people)
    assert [one.run_id for one in cancel_many(ALL, Wanted(before=NOW - timedelta(hours=1)), None)] == [old.pk]
    assert cancel_many(ALL, Wanted(project="other"), None) == []
    assert [one.run_id for one in cancel_many(ALL, Wanted(project="site", limit=1), None)] == [new.pk]


def test_what_failed_since_is_retried(people: People) -> None:
    make(people, "failed", hours_ago=5)
    failed, _ = make(people, "failed"), make(people, "completed")
    (told,) = retry_many(ALL, Wanted(since=NOW - timedelta(hours=1)), people.owner)
    made = Run.objects.latest("pk")
    assert (told.run_id, told.done, told.made) == (failed.pk, True, made.pk)
    assert (made.parent, made.cause, made.created_by) == (failed, "retry", people.owner)


def test_what_was_retried_is_not_retried_again(people: People) -> None:
    failed = make(people, "failed")
    retry_many(ALL, Wanted(), None)
    made = Run.objects.latest("pk")
    (told,) = retry_many(ALL, Wanted(), None)
    assert (told.run_id, told.done, told.made) == (failed.pk, False, made.pk)
    assert "retried before" in told.message
    assert Run.objects.count() == 2


def test_what_goes_on_is_not_retried(people: People) -> None:
    (told,) = retry_many(ALL, Wanted(ids=[make(people).pk]), None)
    assert (told.done, told.message) == (False, "It has not ended yet.")


def test_a_dry_run_changes_nothing(people: People) -> None:
    going, failed = make(people), make(people, "failed")
    (canceled,) = cancel_many(ALL, Wanted(), None, dry_run=True)
    (retried,) = retry_many(ALL, Wanted(), None, dry_run=True)
    assert (canceled.run_id, canceled.message) == (going.pk, "It would be canceled.")
    assert (retried.run_id, retried.message) == (failed.pk, "It would be retried.")
    assert (Run.objects.count(), ALL.exclude(stop_reason="").count()) == (2, 0)


def test_somebody_elses_runs_are_not_chosen(people: People) -> None:
    theirs = start_run(people.foreign_project, None, people.outsider, workflow="noop")
    ours = Run.objects.filter(project=people.project)
    assert cancel_many(ours, Wanted(ids=[theirs.pk]), people.owner) == []
