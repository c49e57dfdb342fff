"""Reads that more than one face or worker needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db.models import Count, F, Q, QuerySet

from apps.accounts.access import visible_organisations
from apps.accounts.models import User
from apps.runs.models import Gate, Job, Run, Task
from apps.runs.plan.decide import JobView, Snapshot, TaskView
from apps.runs.plan.graph import Node
from apps.runs.plan.workflows import TaskLink, nodes
from apps.runs.states import GateStatus, JobStatus
from apps.specs.models import SpecVersion


def visible_runs(user: User) -> QuerySet[Run]:
    """The runs that this person may see; every face starts from here."""
    return Run.objects.filter(project__organisation__in=visible_organisations(user))


def visible_jobs(user: User) -> QuerySet[Job]:
    return Job.objects.filter(run__project__organisation__in=visible_organisations(user))


def visible_gates(user: User) -> QuerySet[Gate]:
    return Gate.objects.filter(run__project__organisation__in=visible_organisations(user))


@dataclass(frozen=True)
class RunState:
    """A run as advance() sees it: the values to decide on, and the rows to act on."""

    snapshot: Snapshot
    newest: dict[str, Job]  # the newest job of each node, in its current round


def read_state(run: Run) -> RunState:
    """Everything the database says about the run's progress, in three queries. Call under the run's lock."""
    spec = run.spec_version.data if run.spec_version else {}
    tasks = {task.key: task for task in run.tasks.all()}
    by_id = {task.pk: task for task in tasks.values()}
    newest: dict[str, Job] = {}
    for job in run.jobs.order_by("attempt"):
        task = by_id.get(job.task_id) if job.task_id else None
        if job.round == (task.round if task else run.round):
            newest[Node(job.step, task.key if task else "").key] = job
    snapshot = Snapshot(
        status=run.status,
        nodes=plan_nodes(run, [TaskLink(task.key, tuple(task.needs)) for task in tasks.values()]),
        jobs={key: JobView(job.pk, job.status, job.attempt, job.reason, job.message) for key, job in newest.items()},
        gates={gate.name: (gate.status, gate.message) for gate in run.gates.filter(round=run.round)},
        tasks={key: TaskView(key, task.round) for key, task in tasks.items()},
        stop_reason=run.stop_reason,
        stop_message=run.stop_message,
        repair_rounds=spec.get("repair", {}).get("rounds", 0),
        attempts=settings.JOB_ATTEMPTS,
    )
    return RunState(snapshot, newest)


def plan_nodes(run: Run, tasks: list[TaskLink]) -> tuple[Node, ...]:
    spec: dict[str, Any] = run.spec_version.data if run.spec_version else {}
    return nodes(run.workflow, tasks, spec.get("gates", []), deploys=bool(spec.get("deploy")))


@dataclass(frozen=True)
class Progress:
    """Steps done, of the steps in the plan. A plan that has not been made yet has one step: to make it."""

    done: int
    total: int


def progress_of(runs: Sequence[Run]) -> dict[int, Progress]:
    """Per run, in four queries for all of them. A step that is done again in a repair round counts once."""
    ids = [run.pk for run in runs]
    this_round = Q(task=None, round=F("run__round")) | Q(round=F("task__round"))
    tasks = _counts(Task.objects.filter(run__in=ids))
    jobs = _counts(Job.objects.filter(this_round, run__in=ids, status=JobStatus.COMPLETED))
    gates = _counts(Gate.objects.filter(run__in=ids, round=F("run__round"), status=GateStatus.APPROVED))
    specs = {run.spec_version_id for run in runs if run.spec_version_id}
    # Read out of the specs by the database: a spec may be large, and a page shows a hundred runs.
    parts = SpecVersion.objects.filter(pk__in=specs).values_list("pk", "data__gates", "data__deploy")
    plans = {pk: (tuple(gate_names or ()), bool(deploy)) for pk, gate_names, deploy in parts}
    found = {}
    for run in runs:
        total = _steps(run.workflow, tasks.get(run.pk, 0), *plans.get(run.spec_version_id or 0, ((), False)))
        found[run.pk] = Progress(min(jobs.get(run.pk, 0) + gates.get(run.pk, 0), total), total)
    return found


def _counts(rows: QuerySet[Any]) -> dict[int, int]:
    return dict(rows.order_by().values("run_id").annotate(count=Count("pk")).values_list("run_id", "count"))


@lru_cache(maxsize=256)
def _steps(workflow: str, tasks: int, gates: tuple[str, ...], deploys: bool) -> int:
    """How many steps such a plan has. What its tasks need of one another does not change that."""
    return len(nodes(workflow, [TaskLink(str(number)) for number in range(tasks)], gates, deploys=deploys))
