"""Which jobs are due: queued, with everything done that they build on. They wait for a worker, or for their queue."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from django.db import connection
from django.db.models import BooleanField, Exists, Func, OuterRef, Q, QuerySet

from apps.runs.models import Job
from apps.runs.states import RETRIED, JobStatus

EACH = {"postgresql": "jsonb_array_elements_text({}) AS need(value)", "sqlite": "json_each({}) AS need"}


def _unmet(needs: str, vendor: str) -> str:
    """SQL: whether one of the jobs in this column, a list of ids, is not completed yet."""
    return (
        f"EXISTS (SELECT 1 FROM {EACH[vendor].format(needs)} JOIN runs_job AS needed"  # noqa: S608 - a column of ours
        " ON needed.id = CAST(need.value AS bigint) WHERE needed.status <> 'completed')"
    )


class Unmet(Func):
    output_field = BooleanField()

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **context: Any) -> Any:
        context["template"] = _unmet("%(expressions)s", connection.vendor)
        return super().as_sql(compiler, connection, *args, **context)


def due_jobs() -> QuerySet[Job]:
    return Job.objects.filter(~Q(Unmet("needs")), status=JobStatus.QUEUED)


# Plain SQL: every submission asks it, and compiling a query costs more than it. The run is no join, which PostgreSQL
# would carry out by all runs for each of the jobs where it takes both for few.
BEFORE = (
    "SELECT count(*) FROM (SELECT 1 FROM runs_job AS other"
    " WHERE other.status = 'queued' AND other.role = %s AND other.runs_on = %s"
    " AND ((SELECT its.priority FROM runs_run AS its WHERE its.id = other.run_id), other.id) < (%s, %s)"
    " AND (other.needs = '[]' OR NOT {unmet}) LIMIT %s) AS found"
)


def due_before(job: Job, most: int) -> int:
    """How many due jobs of the same queue are more urgent, or as urgent and older; counted up to `most`."""
    sql = BEFORE.format(unmet=_unmet("other.needs", connection.vendor))
    with connection.cursor() as cursor:
        cursor.execute(sql, [job.role, json.dumps(job.runs_on), job.run.priority, job.pk, most])
        return int(cursor.fetchone()[0])


def to_be_tried_again() -> QuerySet[Job]:
    """Attempts that failed through no fault of their own, and have no successor yet."""
    next_one = Job.objects.filter(
        Q(task_id=OuterRef("task_id")) | Q(task__isnull=True),
        run_id=OuterRef("run_id"),
        step=OuterRef("step"),
        round=OuterRef("round"),
        attempt=OuterRef("attempt") + 1,
    )
    return Job.objects.filter(~Exists(next_one), status=JobStatus.FAILED, reason__in=RETRIED)


def held_up(roles: Collection[str]) -> Q:
    """Of runs: everything that is due waits in one of these queues, and nothing is running."""
    running = Job.objects.filter(run_id=OuterRef("pk"), status=JobStatus.RUNNING)
    due = due_jobs().filter(run_id=OuterRef("pk"))
    waits = Exists(due.filter(role__in=roles)) & ~Exists(due.exclude(role__in=roles)) & ~Exists(running)
    return Q(waits, stop_reason="")
