"""Reads that more than one face or worker needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from apps.accounts.access import visible_organisations
from apps.accounts.models import User
from apps.runs.models import Job, Run
from apps.runs.plan.decide import JobView, Snapshot, TaskView
from apps.runs.plan.graph import Node
from apps.runs.plan.workflows import TaskLink, nodes


def visible_runs(user: User) -> QuerySet[Run]:
    """The runs that this person may see; every face starts from here."""
    return Run.objects.filter(project__organisation__in=visible_organisations(user))


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
    return nodes(run.workflow, tasks, spec.get("gates", []), deploys=bool(spec.get("deploy") or spec.get("acceptance")))
