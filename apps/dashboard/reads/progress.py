"""How far runs have come: steps done, of the steps in their plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db.models import Count, F, Q, QuerySet

from apps.runs.models import Gate, Job, Run, Task
from apps.runs.plan.workflows import TaskLink, nodes
from apps.runs.states import GateStatus, JobStatus
from apps.specs.models import SpecVersion


@dataclass(frozen=True)
class Progress:
    done: int
    total: int

    @property
    def percent(self) -> int:
        return min(100, round(100 * self.done / self.total)) if self.total else 0


def progress_of(runs: Sequence[Run]) -> dict[int, Progress]:
    """Per run, by four queries for all of them. A step that is done again in a repair round counts once."""
    ids = [run.pk for run in runs]
    tasks = _counts(Task.objects.filter(run__in=ids))
    this_round = Q(task=None, round=F("run__round")) | Q(round=F("task__round"))
    jobs = _counts(Job.objects.filter(this_round, run__in=ids, status=JobStatus.COMPLETED))
    gates = _counts(Gate.objects.filter(run__in=ids, round=F("run__round"), status=GateStatus.APPROVED))
    plans = _plans(runs)
    found = {}
    for run in runs:
        names, deploys = plans.get(run.spec_version_id, ((), False))
        total = _steps(run.workflow, tasks.get(run.pk, 0), names, deploys)
        found[run.pk] = Progress(min(jobs.get(run.pk, 0) + gates.get(run.pk, 0), total), total)
    return found


def _counts(rows: QuerySet[Any]) -> dict[int, int]:
    return dict(rows.order_by().values("run_id").annotate(count=Count("pk")).values_list("run_id", "count"))


def _plans(runs: Sequence[Run]) -> dict[int | None, tuple[tuple[str, ...], bool]]:
    """What a plan's length depends on besides its tasks, read out of the specs by the database: they may be large."""
    versions = SpecVersion.objects.filter(pk__in={run.spec_version_id for run in runs})
    rows = versions.values_list("pk", "data__gates", "data__deploy")
    return {pk: (tuple(gates or ()), bool(deploy)) for pk, gates, deploy in rows}


@lru_cache(maxsize=256)
def _steps(workflow: str, tasks: int, gates: tuple[str, ...], deploys: bool) -> int:
    """How many steps such a plan has; what the tasks need of one another does not change that."""
    return len(nodes(workflow, [TaskLink(str(number)) for number in range(tasks)], gates, deploys=deploys))
