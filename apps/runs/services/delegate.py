"""delegate(): a job gives a part of its work to a child run. Its attempt ends; the next one finds what came of it.

The child has one task and one step, writes its code in a sandbox of its own, and spends from the purse of the run that
it belongs to. Who cancels or ends the parent cancels the child.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from apps.events import clock
from apps.events.services import record
from apps.runs.delegation import Delegation
from apps.runs.models import Run, Task
from apps.runs.outcome import JobFailed
from apps.runs.plan.workflows import CODE, DELEGATED
from apps.runs.services import dispatch
from apps.runs.services.active import ActiveJob
from apps.runs.services.put_aside import PutAside
from apps.runs.states import JobStatus, Reason, RunStatus

MOST_CHILDREN = 8  # of one run
DEEPEST = 2  # a child may have children, these may not
OF_THE_WHOLE = (
    "\n\nThis is a part of a larger task. The tests named below are those of the whole:"
    " they may need what is not there yet."
)
KEY = "part"  # of the child's one task


class DelegationRefused(Exception):
    """No further sub-task may begin; the text says why."""


@dataclass(frozen=True)
class Part:
    """What is asked for: the words, and the commit whose files it begins with."""

    title: str
    description: str
    commit: str


@dataclass(frozen=True)
class Result:
    run_id: int
    ok: bool
    said: str
    commit: str = ""


def delegate(job: ActiveJob, call: int, part: Part) -> Result:
    """What came of the child run that this call has begun, in this attempt or in one before.

    Raises PutAside where it has not ended yet: let it pass through to perform(). Raises DelegationRefused, LeaseLost.
    """
    child = _child(job, call, part)
    if not child.ended:
        raise PutAside(Reason.DELEGATED, f"Waits for run {child.pk}: {child.title}")
    if child.status != RunStatus.COMPLETED:
        return Result(child.pk, False, child.message or f"It {child.status}.")
    done = child.jobs.filter(step=CODE, status=JobStatus.COMPLETED).latest("pk")
    return Result(child.pk, True, done.outcome.get("summary") or done.message, done.outcome.get("commit", ""))


def _child(job: ActiveJob, call: int, part: Part) -> Run:
    """The same for the same call, also for two that ask at once: the run is locked, and then the job's lease."""
    with transaction.atomic():
        run = Run.objects.select_for_update(of=("self",), no_key=True).get(pk=job.run.pk)
        with job.held():
            known = Delegation.objects.filter(task=job.task, round=job.row.round, call=call).select_related("child")
            if begun := known.first():
                return begun.child
            if run.stop_reason:
                raise JobFailed(Reason(run.stop_reason), run.stop_message)
            _require_room(run)
            child = _begin(run, job, part)
            Delegation.objects.create(task=job.task, round=job.row.round, call=call, child=child)
    return child


def _require_room(run: Run) -> None:
    if depth_of(run) >= DEEPEST:
        raise DelegationRefused(f"A sub-task may be {DEEPEST} deep, and this one is. Do it yourself.")
    if run.children.filter(cause=Run.Cause.DELEGATED).count() >= MOST_CHILDREN:
        raise DelegationRefused(f"This run has had {MOST_CHILDREN} sub-tasks, which is as many as one may have.")


def depth_of(run: Run) -> int:
    """0 for a run that nobody delegated."""
    depth, at = 0, run
    while at.cause == Run.Cause.DELEGATED and at.parent is not None:
        depth, at = depth + 1, at.parent
    return depth


def _begin(run: Run, job: ActiveJob, part: Part) -> Run:
    now = clock.now()
    child = Run.objects.create(
        project=run.project,
        parent=run,
        cause=Run.Cause.DELEGATED,
        workflow=DELEGATED,
        engine="model",
        title=job.masked(part.title)[:200],
        priority=run.priority,
        created_by=run.created_by,
        unattended=run.unattended,
        base_commit=part.commit,
        created_at=now,
        published_at=now,
    )
    record(child.pk, Run.EVENT, {"id": child.pk, "from": "", "to": str(RunStatus.QUEUED)})
    task = Task.objects.create(run=child, key=KEY, title=child.title, position=0, spec=_spec(job, part))
    record(child.pk, Task.EVENT, {"id": task.pk, "key": task.key, "from": "", "to": str(task.status)})
    dispatch.advance(child.pk)
    return child


def _spec(job: ActiveJob, part: Part) -> dict[str, Any]:
    """The parent's task, as far as it says where and under which limits; without what it promises."""
    own = {"id": KEY, "title": part.title[:200], "description": f"{part.description}{OF_THE_WHOLE}", "engine": "model"}
    bare: dict[str, Any] = {"inputs": [], "outputs": [], "acceptance": [], "depends_on": []}
    known = {name: value for name, value in bare.items() if name in job.task.spec}
    return job.masked({**job.task.spec, **known, **own})
