"""Which jobs wait for an agent, and which agent may have which: its tags are the server's, what it claims narrows them.

The same rule twice: as a query for one agent, and in Python for many who wait at once.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.db.models import BooleanField, Case, F, Func, OuterRef, Q, QuerySet, Subquery, Value, When

from apps.events import clock
from apps.fleet.models import Agent
from apps.fleet.services.upgrade import too_old
from apps.runs.due import due_jobs
from apps.runs.models import Job, Queue, Run
from apps.runs.states import RunStatus
from apps.sql.compiled import Compiled
from apps.sql.execute import at, carried_out


class Lacks(Func):
    """Whether one of the texts in the first list is missing in the second, a JSON text."""

    template = (
        "EXISTS (SELECT 1 FROM jsonb_array_elements_text(%(wanted)s) AS tag(value)"
        " WHERE NOT (%(has)s)::jsonb ? tag.value)"
    )
    output_field = BooleanField()

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> Any:  # type: ignore[override] # noqa: ARG002
        wanted, has = (compiler.compile(one) for one in self.get_source_expressions())
        sql = self.template % {"wanted": wanted[0], "has": has[0]}
        return sql, [*wanted[1], *has[1]]

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:  # noqa: ARG002
        wanted, has = (compiler.compile(one) for one in self.get_source_expressions())
        sql = (
            f"EXISTS (SELECT 1 FROM json_each({wanted[0]}) AS tag"  # noqa: S608 - both are compiled by Django
            f" WHERE tag.value NOT IN (SELECT value FROM json_each({has[0]})))"
        )
        return sql, [*wanted[1], *has[1]]


ITS_RUN = Run.objects.filter(pk=OuterRef("run_id"))
# Not as a condition of the subquery: there PostgreSQL looks for the run by its status, where it takes those for few.
GOING_ON = Q(status__in=(RunStatus.QUEUED, RunStatus.RUNNING), stop_reason="")
URGENCY = Subquery(ITS_RUN.annotate(urgency=Case(When(GOING_ON, then="priority"))).values("urgency"))
ITS_ORGANISATION = Subquery(ITS_RUN.values("project__organisation_id"))


def waiting_jobs(now: datetime) -> QuerySet[Job]:
    """Jobs for agents that nobody has been offered just now, in the order in which they are given.

    Their runs are looked up one by one. As a join, PostgreSQL went through all jobs that wait for each run that goes on
    where it took both for few, as it does of what has come since it last counted: 66 ms for 160 jobs, not 1.
    """
    offered = Q(assignment__isnull=False) & (
        Q(assignment__acknowledged_at__isnull=False) | Q(assignment__expires_at__gt=now)
    )
    paused = Queue.objects.exclude(paused_at=None).values("role")
    return (
        due_jobs()
        .exclude(runs_on=[])
        .exclude(offered)
        .exclude(role__in=paused)
        .annotate(urgency=URGENCY)
        .exclude(urgency=None)
        .order_by("urgency", "pk")
    )


def _fitting(now: datetime, tags: str) -> QuerySet[Job]:
    """Of these, the ones whose tags an agent has: `tags`, as JSON."""
    return waiting_jobs(now).exclude(Q(Lacks(F("runs_on"), Value(tags))))


LOOKED_AT = 500  # jobs, at a time, for all agents that wait
FIRST = 256  # for one that asks: it may have so many slots


def _for_any(now: datetime) -> QuerySet[Any, Any]:
    return waiting_jobs(now).values_list("pk", "runs_on", ITS_ORGANISATION)[:LOOKED_AT]


def _for_one(now: datetime, tags: str) -> QuerySet[Any, Any]:
    return _fitting(now, tags).values_list("pk")[:FIRST]


def _within(now: datetime, tags: str, organisation_id: int) -> QuerySet[Any, Any]:
    fitting = _fitting(now, tags).annotate(organisation=ITS_ORGANISATION)
    return fitting.filter(organisation=organisation_id).values_list("pk")[:FIRST]


FOR_ANY, FOR_ONE = Compiled(_for_any, datetime), Compiled(_for_one, datetime, str)
WITHIN = Compiled(_within, datetime, str, int)
TAKEN = (
    "SELECT count(*) FROM fleet_assignment a JOIN runs_job j ON j.id = a.job_id"
    " WHERE a.agent_id = %s AND a.ended_at IS NULL AND ("
    "(j.status = 'queued' AND a.acknowledged_at IS NULL AND a.expires_at > %s)"
    " OR (j.status = 'running' AND a.acknowledged_at IS NOT NULL))"
)


def waiting_for_any() -> list[tuple[int, list[str], int]]:
    """The first jobs that wait: (job, tags, organisation)."""
    return [(pk, json.loads(tags), organisation) for pk, tags, organisation in FOR_ANY.rows(clock.now())]


def waiting_for(agent: Agent) -> list[int]:
    """The first few that this agent may have. Several agents ask for the same at once; so they are more than one."""
    asked = clock.now(), json.dumps(agent.matched_tags)
    within = agent.organisation_id
    return [pk for (pk,) in (FOR_ONE.rows(*asked) if within is None else WITHIN.rows(*asked, within))]


def may_have(agent: Agent, runs_on: list[str], organisation_id: int) -> bool:
    """Whether the agent has every tag, and is there for this organisation."""
    return agent.organisation_id in (None, organisation_id) and set(runs_on) <= set(agent.matched_tags)


def takes_jobs(agent: Agent) -> bool:
    """Whether it is to be given anything at all now."""
    held = agent.draining_at is not None or agent.is_paused(clock.now())
    return agent.revoked_at is None and not held and not too_old(agent.version)


def free_slots(agent: Agent) -> int:
    """Offers that are open count: what was offered may begin at any moment."""
    with carried_out(TAKEN, [agent.pk, at(clock.now())]) as cursor:
        return max(agent.slots - int(cursor.fetchone()[0]), 0)
