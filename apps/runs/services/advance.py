"""Carry out what decide() says about a run, up to the point where a canvas has to be published."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from django.db import transaction

from apps.events import clock
from apps.events.lifecycle import MoveLost, move
from apps.events.services import record
from apps.runs.models import Gate, Job, Run, Task
from apps.runs.plan.decide import Decision, End, OpenGate, PassGate, Publish, Repair, Stop, decide
from apps.runs.plan.workflows import DELEGATED
from apps.runs.queries import CI_RUN, read_state
from apps.runs.services import dispatch
from apps.runs.services.ended import tell_ended
from apps.runs.services.publish import Messages, prepare
from apps.runs.services.stop import stop_children, stop_run
from apps.runs.states import GateStatus, JobStatus, Reason, RunStatus, TaskStatus
from apps.specs.models import SpecVersion
from apps.sql.read import Read

NOTHING_TO_ASK = "No test, CI file or test command was changed."
RUN = Read(
    "FROM runs_run r LEFT JOIN specs_specversion s ON s.id = r.spec_version_id WHERE r.id = %s", r=Run, s=SpecVersion
)
TASKS = Read("FROM runs_task t WHERE t.run_id = %s ORDER BY t.position", t=Task)
JOBS = Read("FROM runs_job j WHERE j.run_id = %s ORDER BY j.id", j=Job)
UNPROVEN = (TaskStatus.CREATED, TaskStatus.ASSIGNED, TaskStatus.IN_PROGRESS, TaskStatus.COMPLETE)


def decide_and_prepare(run_id: int) -> Messages | None:
    """Lock the run, decide, act; return the messages to publish once this has committed, or None.

    May be called by anybody, at any time, twice at once: the second caller finds what the first one did.
    """
    with transaction.atomic():
        run = _locked(run_id)
        while run is not None:
            tasks, jobs = [task for (task,) in TASKS.all(run_id)], [job for (job,) in JOBS.all(run_id)]
            state = read_state(run, tasks, jobs)
            decision = decide(state.snapshot)
            if isinstance(decision, Publish):
                return prepare(run, decision, state)
            if isinstance(decision, End):
                _end(run, decision, tasks, jobs)
                return None
            if not _act(run, decision):
                return None
    return None


def _locked(run_id: int) -> Run | None:
    row = RUN.one(run_id, lock="r")
    if row is None:
        return None
    run: Run = row[0]
    run.spec_version = row[1]
    return run


def _act(run: Run, decision: Decision) -> bool:
    """Carry out one decision. True if it changed the run, so that there may be more to decide."""
    match decision:
        case Repair():
            _repair(run, decision)
            return True
        case OpenGate(name):
            _open_gate(run, name)
            return True
        case PassGate(name):
            move(_open_gate(run, name), GateStatus.APPROVED, message=NOTHING_TO_ASK, decided_at=clock.now())
            return True
        case Stop(reason, message):
            stop_run(run.pk, Reason(reason), message)
    return False


def _open_gate(run: Run, name: str) -> Gate:
    gate = Gate.objects.create(run=run, name=name, round=run.round)
    record(run.pk, Gate.EVENT, {"id": gate.pk, "name": name, "from": "", "to": gate.status})
    return gate


def _repair(run: Run, repair: Repair) -> None:
    """Back to coding, once per round: complete → in_progress."""
    task = run.tasks.get(key=repair.task)
    move(task, TaskStatus.IN_PROGRESS, reason=repair.reason, message=repair.message, round=task.round + 1)


def _end(run: Run, end: End, tasks: Sequence[Task], jobs: Sequence[Job]) -> None:
    """The run's last move. What was waiting is canceled with it; what was proven stays proven."""
    now = clock.now()
    for job in jobs:
        if job.status == JobStatus.QUEUED:
            with contextlib.suppress(MoveLost):  # claimed a moment ago: its worker will see that the run has ended
                reason, message = end.reason or Reason.SIBLING_FAILED, "The run ended before this job began."
                move(job, JobStatus.CANCELED, reason=reason, message=message, finished_at=now)
    culprits = {job.task_id for job in jobs if job.status == JobStatus.FAILED}
    done = run.workflow == DELEGATED and end.status == RunStatus.COMPLETED  # what proves a part is its parent's tests
    for task in tasks:
        if task.status in UNPROVEN and not done:
            to = TaskStatus.FAILED if task.pk in culprits and end.status == RunStatus.FAILED else TaskStatus.CANCELED
            move(task, to, reason=end.reason, message=end.message)
    move(run, end.status, reason=end.reason, message=end.message, finished_at=now)
    tell_ended(run)
    if run.workflow != CI_RUN:  # which delegates nothing
        stop_children(run.pk, Reason.SIBLING_FAILED, f"Run {run.pk}, which had asked for it, has ended.")
    if run.cause == Run.Cause.DELEGATED and run.parent_id is not None:
        dispatch.advance(run.parent_id)  # the job that waits for it goes on
