"""finish(): record how a job ended, and what that means for its task, in one transaction under its lease."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from apps.events import clock
from apps.events.lifecycle import Guard, MoveLost, move
from apps.events.services import record
from apps.runs.models import Job, Run, Steering, Task
from apps.runs.outcome import Outcome
from apps.runs.plan import workflows
from apps.runs.queries import with_kind
from apps.runs.services import dispatch
from apps.runs.services.active import ActiveJob
from apps.runs.services.ask import open_gate
from apps.runs.services.output import LeaseLost, tell_readers
from apps.runs.services.specified import specified
from apps.runs.spending.spend import give_back
from apps.runs.states import PUT_ASIDE, JobStatus, Reason, RunStatus, TaskStatus
from apps.specs.schema.task import COMMANDS
from apps.sql.execute import together


def finish(active: ActiveJob, outcome: Outcome, epoch: int, *, locked: Run | None = None) -> bool:
    """Record the end. True if the canvas may go on; otherwise the manager is asked to look at the run.

    Raises LeaseLost if the job is not ours any more: then somebody else's attempt counts, and this one does not.
    After any other error it may be called again.

    The run is locked first, as by everything that writes about several of its rows: two that lock in different orders
    would wait for each other. `locked` is the run as it was read under that lock, in a transaction of the caller's.
    """
    active.log.close()
    job = active.row
    if outcome.data or outcome.message:
        outcome = replace(outcome, message=active.masked(outcome.message), data=active.masked(outcome.data))
    with _as_it_was_read(job), together():
        run = locked or _locked(job.run_id)
        end_job(job, outcome)
        if run.republished:
            Run.objects.filter(pk=job.run_id).update(republished=0)  # something has moved
        if outcome.status == JobStatus.COMPLETED:
            PROGRESS.get(job.step, _nothing)(job, outcome.data)
        if outcome.reason == Reason.ASKED:
            open_gate(job, outcome)
        if outcome.reason not in PUT_ASIDE and not job.runs_on:  # nor does anybody steer them
            _leave_steering(job)
        go_on = (
            outcome.status == JobStatus.COMPLETED
            and run.epoch == epoch
            and run.status == RunStatus.RUNNING
            and not run.stop_reason
        )
        if not go_on:
            dispatch.advance(job.run_id)
        tell_readers(job.pk)
    return go_on


def _locked(run_id: int) -> Run:
    looked_at = ("status", "epoch", "stop_reason", "republished")
    return Run.objects.select_for_update(no_key=True).only(*looked_at).get(pk=run_id)


@contextmanager
def _as_it_was_read(job: Job) -> Iterator[None]:
    """What is undone in the database is undone in the row too, so that the same can be tried again."""
    status, lease_token = job.status, job.lease_token
    try:
        yield
    except Exception:
        job.status, job.lease_token = status, lease_token
        job._state.fields_cache.clear()  # the task, which had moved on too
        raise


def end_job(job: Job, outcome: Outcome) -> None:
    """running → completed | failed | canceled, fenced by the lease that this row was read with. Raises LeaseLost.

    What it had set aside of its budget and not used is given back. Call in a transaction.
    """
    try:
        move(
            job,
            outcome.status,
            guard=Guard("lease_token = %s", (job.lease_token,)),
            reason=outcome.reason,
            message=outcome.message,
            job_id=job.pk,
            outcome=outcome.data,
            lease_token="",
            lease_expires_at=None,
            finished_at=clock.now(),
        )
    except MoveLost as error:
        raise LeaseLost(str(error)) from error
    if not job.runs_on:  # agents ask no models
        give_back(job)


def _leave_steering(job: Job) -> None:
    """Nobody is paused or handed on any more; a message that came too late waits for the next round."""
    over = Steering.objects.filter(task=job.task, step=job.step, round=job.round, done_at=None)
    over.exclude(kind=Steering.Kind.MESSAGE).update(done_at=clock.now())


def _nothing(job: Job, seen: dict[str, Any]) -> None:
    """Steps that change no task."""


def _planned(job: Job, seen: dict[str, Any]) -> None:
    """The plan's tasks, as the spec has them: in topological order."""
    run = job.run
    spec = run.spec_version.data if run.spec_version else {"tasks": []}
    Run.objects.filter(pk=run.pk).update(base_commit=seen["base_commit"], guarded=bool(seen.get("guarded")))
    for position, task in enumerate(spec["tasks"]):
        made = Task.objects.create(
            run=run,
            key=task["id"],
            title=task["title"],
            position=position,
            needs=task["depends_on"],
            spec=task,
            has_requirements=bool(task.get("requirements")),
            runs_on=tested_by(run, task),
            codes_on=coded_by(run, task),
        )
        record(run.pk, Task.EVENT, {"id": made.pk, "key": made.key, "from": "", "to": made.status}, job_id=job.pk)


def tested_by(run: Run, task: dict[str, Any]) -> list[str]:
    """What an agent must have to run the task's tests: as was asked for, else the spec, else the project says."""
    return _said_of("testing", run, task)


def coded_by(run: Run, task: dict[str, Any]) -> list[str]:
    """The same for who runs its commands: other engines write on Hive's own machines, whatever a project's default."""
    return _said_of("coding", run, task) if (task.get("engine") or run.engine) == COMMANDS else []


def _said_of(role: str, run: Run, task: dict[str, Any]) -> list[str]:
    """A request may speak of one role alone."""
    sections: list[dict[str, Any]] = [one or {} for one in (run.runs_on, task.get("runs_on"), run.project.runs_on)]
    tags = next((one[role] for one in sections if role in one), ())
    return list(with_kind(tags, task.get("constraints", {})))


def _specified(job: Job, seen: dict[str, Any]) -> None:
    task = job.task
    assert task is not None  # noqa: S101 - a testing.write job is always made with its task
    task.evidence = {**task.evidence, "acceptance": seen["acceptance"]}
    Task.objects.filter(pk=task.pk).update(evidence=task.evidence)


def _written(job: Job, seen: dict[str, Any]) -> None:
    task = job.task
    assert task is not None  # noqa: S101 - a coding.code job is always made with its task
    touched = seen.get("touched", [])
    task.evidence = {**task.evidence, "outputs": seen["outputs"], "commit": seen["commit"], "touched": touched}
    _mark_touched(task, touched)
    move(task, TaskStatus.COMPLETE, job_id=job.pk, commit=seen["commit"], evidence=task.evidence)


def _mark_touched(task: Task, touched: list[dict[str, str]]) -> None:
    """What this task changed of the tests, in place of what it had changed the round before."""
    marks = Run.objects.values_list("touched", flat=True).get(pk=task.run_id)
    now = [mark for mark in marks if mark["task"] != task.key] + [{"task": task.key, **one} for one in touched]
    if now != marks:
        Run.objects.filter(pk=task.run_id).update(touched=now)


def _tested(job: Job, seen: dict[str, Any]) -> None:
    task = job.task
    assert task is not None  # noqa: S101 - a testing.test job is always made with its task
    move(task, TaskStatus.VERIFIED, job_id=job.pk, evidence={**task.evidence, "tests": seen["tests"]})
    Run.objects.filter(pk=job.run_id).update(commit=task.commit)  # of several tasks, the merge comes later


def _merged(job: Job, seen: dict[str, Any]) -> None:
    Run.objects.filter(pk=job.run_id).update(commit=seen["commit"])


def _pushed(job: Job, seen: dict[str, Any]) -> None:
    Run.objects.filter(pk=job.run_id).update(branch=seen["branch"], commit=seen["commit"])


def _accepted(job: Job, seen: dict[str, Any]) -> None:
    for task in Task.objects.filter(run_id=job.run_id, status=TaskStatus.VERIFIED):
        move(task, TaskStatus.DEPLOYED, job_id=job.pk, evidence={**task.evidence, "checks": seen["checks"]})


def _ran(job: Job, _: dict[str, Any]) -> None:
    """A task of a CI run is one job; that its commands succeeded is all there is to prove."""
    task = job.task
    assert task is not None  # noqa: S101 - a job of CI is always made with its task
    move(task, TaskStatus.COMPLETE, job_id=job.pk)
    move(task, TaskStatus.VERIFIED, job_id=job.pk)


PROGRESS: dict[str, Callable[[Job, dict[str, Any]], None]] = {
    workflows.SPECIFY: specified,
    workflows.PLAN: _planned,
    workflows.WRITE_TESTS: _specified,
    workflows.CODE: _written,
    workflows.TEST: _tested,
    workflows.MERGE: _merged,
    workflows.PUSH: _pushed,
    workflows.ACCEPT: _accepted,
    workflows.FETCH_PACKAGE: _ran,
    workflows.CI: _ran,
}
