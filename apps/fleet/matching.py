"""Which jobs wait for an agent, and which agent may have which: its tags are the server's, what it claims narrows them.

The same rule twice: as a query for one agent, and in Python for many who wait at once.
"""

from __future__ import annotations

import json
from typing import Any

from django.db.models import BooleanField, F, Func, Q, QuerySet, Value

from apps.events import clock
from apps.fleet.models import Agent, Assignment
from apps.fleet.services.upgrade import too_old
from apps.runs.due import due_jobs
from apps.runs.models import Job, Queue
from apps.runs.states import JobStatus, RunStatus


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


def waiting_jobs() -> QuerySet[Job]:
    """Jobs for agents that nobody has been offered just now, in the order in which they are given."""
    now = clock.now()
    offered = Q(assignment__isnull=False) & (
        Q(assignment__acknowledged_at__isnull=False) | Q(assignment__expires_at__gt=now)
    )
    paused = Queue.objects.exclude(paused_at=None).values("role")
    return (
        due_jobs()
        .exclude(runs_on=[])
        .exclude(offered)
        .exclude(role__in=paused)
        .filter(run__status__in=(RunStatus.QUEUED, RunStatus.RUNNING), run__stop_reason="")
        .order_by("run__priority", "pk")
    )


def waiting_for(agent: Agent) -> QuerySet[Job]:
    """Of these, the ones that this agent may have."""
    fitting = waiting_jobs().exclude(Q(Lacks(F("runs_on"), Value(json.dumps(agent.matched_tags)))))
    if agent.organisation_id is not None:
        fitting = fitting.filter(run__project__organisation_id=agent.organisation_id)
    return fitting


def may_have(agent: Agent, runs_on: list[str], organisation_id: int) -> bool:
    """Whether the agent has every tag, and is there for this organisation."""
    return agent.organisation_id in (None, organisation_id) and set(runs_on) <= set(agent.matched_tags)


def takes_jobs(agent: Agent) -> bool:
    """Whether it is to be given anything at all now."""
    held = agent.draining_at is not None or agent.is_paused(clock.now())
    return agent.revoked_at is None and not held and not too_old(agent.version)


def free_slots(agent: Agent) -> int:
    """Offers that are open count: what was offered may begin at any moment."""
    open_offer = Q(job__status=JobStatus.QUEUED, acknowledged_at=None, expires_at__gt=clock.now())
    running = Q(job__status=JobStatus.RUNNING, acknowledged_at__isnull=False)
    taken = Assignment.objects.filter(open_offer | running, agent=agent, ended_at=None).count()
    return max(agent.slots - taken, 0)
