"""Agents as an operator sees them: which there are, what each does, and whether anything is heard of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet, Value

from apps.events import clock
from apps.fleet.matching import Lacks
from apps.fleet.models import Agent, Assignment
from apps.fleet.services.heartbeat import interval_s
from apps.runs.models import Job
from apps.runs.states import JobStatus

STATES = ("working", "idle", "paused", "draining", "drained", "silent", "revoked")
SILENT_S = 45.0  # after which somebody is told; a peer that stopped is noticed within that
HISTORY_ROWS = ("job__run__project", "job__task")
HEAVY = ("job__outcome", "job__task__spec", "job__task__evidence")


@dataclass(frozen=True)
class AgentNow:
    """`state` is one of STATES; `jobs` are what it runs at the moment."""

    agent: Agent
    jobs: Sequence[Job]
    state: str

    @property
    def is_held(self) -> bool:
        """Whether it can be resumed."""
        return self.agent.draining_at is not None or self.agent.paused_at is not None


def has_tag(tag: str) -> Q:
    """The condition that an agent may run what asks for this tag."""
    return ~Q(Lacks(Value(json.dumps([tag])), F("tags")))


def agents_now(agents: Sequence[Agent]) -> list[AgentNow]:
    """Two queries, however many they are."""
    running: dict[int, list[Job]] = {}
    for job in _running(agents):
        running.setdefault(job.assignment.agent_id, []).append(job)
    now, silent = clock.now(), silent_after()
    return [AgentNow(one, jobs := running.get(one.pk, []), state_of(one, len(jobs), now, silent)) for one in agents]


def _running(agents: Sequence[Agent]) -> QuerySet[Job]:
    """From the jobs that run, which are few; of what an agent was ever given there may be many."""
    held = Job.objects.filter(status=JobStatus.RUNNING, assignment__agent__in=[one.pk for one in agents])
    return held.select_related("run__project", "task", "assignment").defer("outcome", "task__spec").order_by("pk")


def silent_after() -> timedelta:
    """A large fleet is heard less often, as it was told to."""
    return timedelta(seconds=max(SILENT_S, 2 * interval_s(busy=False)))


def state_of(agent: Agent, jobs: int, now: datetime, silent: timedelta) -> str:
    """What matters most comes first: a silent agent that is drained is silent."""
    if agent.revoked_at is not None:
        return "revoked"
    if agent.seen_at < now - silent:
        return "silent"
    if agent.draining_at is not None:
        return "draining" if jobs else "drained"
    if agent.is_paused(now):
        return "paused"
    return "working" if jobs else "idle"


def history_of(agent: Agent, before: int | None, size: int) -> tuple[Sequence[Assignment], int | None]:
    """What it was given, newest first, and the number to pass as `before` for what is older."""
    rows = agent.assignments.select_related(*HISTORY_ROWS).defer(*HEAVY).order_by("-pk")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: size + 1])
    return found[:size], found[size - 1].pk if len(found) > size else None
