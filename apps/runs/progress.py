"""How far runs are: steps done, of the steps in their plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import connection

from apps.runs.models import Gate, Job, Run, Task
from apps.runs.plan.workflows import WRITE_TESTS, TaskLink, nodes
from apps.runs.states import GateStatus, JobStatus
from apps.specs.models import SpecVersion


@dataclass(frozen=True)
class Progress:
    """Steps done, of the steps in the plan. A plan that has not been made yet has one step: to make it."""

    done: int
    total: int


NO_PLAN: tuple[tuple[str, ...], bool] = ((), False)

# One statement for a page of runs. Django's own would be three, and compiling them costs more than running them.
COUNT_STEPS = """
SELECT run.id,
  (SELECT COUNT(*) FROM runs_task AS task WHERE task.run_id = run.id),
  (SELECT COUNT(*) FROM runs_task AS task WHERE task.run_id = run.id AND task.has_requirements),
  (SELECT COUNT(*) FROM runs_task AS task WHERE task.run_id = run.id AND task.runs_on <> '[]'),
  (SELECT COUNT(*) FROM runs_task AS task WHERE task.run_id = run.id AND task.codes_on <> '[]'),
  (SELECT COUNT(*) FROM runs_job AS job LEFT JOIN runs_task AS task ON task.id = job.task_id
    WHERE job.run_id = run.id AND job.status = 'completed'
      AND (job.round = COALESCE(task.round, run.round) OR job.step = 'testing.write')),
  (SELECT COUNT(*) FROM runs_gate AS gate
    WHERE gate.run_id = run.id AND gate.status = 'approved' AND gate.round = run.round AND gate.job_id IS NULL)
FROM runs_run AS run WHERE run.id IN ({ids})
"""


def progress_of(runs: Sequence[Run]) -> dict[int, Progress]:
    """Per run, in two queries for all of them. A step that is done again in a repair round counts once."""
    if not runs:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(COUNT_STEPS.format(ids=", ".join(["%s"] * len(runs))), [run.pk for run in runs])
        rows = cursor.fetchall()
    counts = {
        run_id: ((tasks, told, remote, away), jobs + gates) for run_id, tasks, told, remote, away, jobs, gates in rows
    }
    plans = _plans(runs)
    return {
        run.pk: _progress(run, *counts.get(run.pk, ((0, 0, 0, 0), 0)), plans.get(run.spec_version_id, NO_PLAN))
        for run in runs
    }


def progress_among(run: Run, tasks: Sequence[Task], jobs: Sequence[Job], gates: Sequence[Gate]) -> Progress:
    """The same of one run, all of whose rows have been read."""
    rounds = {task.pk: task.round for task in tasks}
    ended = [job for job in jobs if job.status == JobStatus.COMPLETED]
    jobs_done = sum(job.step == WRITE_TESTS or job.round == rounds.get(job.task_id or 0, run.round) for job in ended)
    approved = [gate for gate in gates if gate.status == GateStatus.APPROVED and gate.job_id is None]
    done = jobs_done + sum(gate.round == run.round for gate in approved)
    spec: Mapping[str, Any] = run.spec_version.data if run.spec_version else {}
    plan = (tuple(spec.get("gates") or ()), bool(spec.get("deploy")))
    remote = sum(bool(task.runs_on) for task in tasks)
    away = sum(bool(task.codes_on) for task in tasks)
    return _progress(run, (len(tasks), sum(task.has_requirements for task in tasks), remote, away), done, plan)


def _progress(run: Run, tasks: tuple[int, int, int, int], done: int, plan: tuple[tuple[str, ...], bool]) -> Progress:
    total = _steps(run.workflow, tasks, (run.guarded, run.has_origin), *plan)
    return Progress(min(done, total), total)


def _plans(runs: Sequence[Run]) -> dict[int | None, tuple[tuple[str, ...], bool]]:
    """What a plan's length depends on besides its tasks. The database reads it out of the specs: they may be large."""
    versions = {run.spec_version_id for run in runs if run.spec_version_id}
    if not versions:
        return {}
    rows = SpecVersion.objects.filter(pk__in=versions).values_list("pk", "data__gates", "data__deploy")
    return {pk: (tuple(gates or ()), bool(deploy)) for pk, gates, deploy in rows}


@lru_cache(maxsize=256)
def _steps(
    workflow: str, tasks: tuple[int, int, int, int], flags: tuple[bool, bool], gates: tuple[str, ...], deploys: bool
) -> int:
    """How many steps such a plan has. What its tasks need of one another does not change that.

    `tasks`: how many there are, how many of them have requirements, of how many an agent runs the tests,
    and of how many the commands.
    """
    total, told, remote, away = tasks
    agent = ("agent",)
    links = [
        TaskLink(
            str(number),
            runs_on=agent if number < remote else (),
            codes_on=agent if number < away else (),
            has_requirements=number < told,
        )
        for number in range(total)
    ]
    guarded, has_origin = flags
    return len(nodes(workflow, links, gates, deploys=deploys, guarded=guarded, has_origin=has_origin))
