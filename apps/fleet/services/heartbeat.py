"""beat(): an agent says that it lives and what it holds; it is told what became of that, and what it is to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings

from apps.events import clock
from apps.fleet.models import Agent, Assignment, Command
from apps.runs.services.heartbeat import renew
from apps.runs.states import JobStatus

OK, CANCEL, ABORT, LOST = "ok", "cancel", "abort", "lost"
BUSY_S = 2.0  # how often an agent with jobs is heard at least; a cancellation waits for it
PER_S = 20.0  # heartbeats a second that the fleet may cost in all
LONGEST_S = 120.0
COMMANDS = 20


@dataclass(frozen=True)
class Beat:
    """What the agent says. `leases`: by job. `heard`: ids of commands."""

    leases: Mapping[int, str] = field(default_factory=dict)
    load: float | None = None
    free_disk_bytes: int | None = None
    heard: Sequence[int] = ()


@dataclass(frozen=True)
class Answer:
    verdicts: dict[int, str]
    commands: list[tuple[int, str]]
    interval_s: float

    @property
    def may_wait(self) -> bool:
        """There are jobs, and nothing to say of them, nor else."""
        return bool(self.verdicts) and not self.commands and set(self.verdicts.values()) == {OK}


def beat(agent: Agent, said: Beat) -> Answer:
    """Renew what it holds. Of a lease that is not its own it hears `lost`, and nothing more."""
    now = clock.now()
    measured = {"load": said.load, "free_disk_bytes": said.free_disk_bytes}
    told = {name: value for name, value in measured.items() if value is not None}
    Agent.objects.filter(pk=agent.pk).update(seen_at=now, **told)
    if said.heard:
        agent.commands.filter(pk__in=said.heard[:COMMANDS], acknowledged_at=None).update(acknowledged_at=now)
    verdicts = verdicts_on(agent.pk, said.leases)
    waiting = agent.commands.filter(acknowledged_at=None).values_list("pk", "kind")[:COMMANDS]
    return Answer(verdicts, list(waiting), interval_s(busy=bool(said.leases)))


def verdicts_on(agent_id: int, leases: Mapping[int, str]) -> dict[int, str]:
    """By job. Those that are `ok` are renewed."""
    if not leases:
        return {}
    rows = Assignment.objects.filter(agent_id=agent_id, job_id__in=list(leases)).select_related("job__run")
    found = {row.job_id: row for row in rows}
    return {job_id: _verdict(found.get(job_id), lease) for job_id, lease in leases.items()}


def _verdict(row: Assignment | None, lease: str) -> str:
    """ok: go on. cancel: end it and report. abort: end it, nobody waits for a report. lost: it is somebody else's."""
    if row is None or row.lease_token != lease:
        return LOST
    job = row.job
    if job.status == JobStatus.QUEUED and row.acknowledged_at is None:
        return OK  # an offer that it is just acknowledging
    if job.status != JobStatus.RUNNING or job.lease_token != lease:
        return ABORT if job.ended and row.ended_at is None and job.reason != "lost" else LOST
    if not renew(job.pk, lease):
        return LOST
    return CANCEL if job.run.stop_reason else OK


def interval_s(*, busy: bool) -> float:
    """When to be heard next. It grows with the fleet, so that a thousand agents cost what twenty do; a lease outlasts
    three of them. An agent without jobs is heard by its asking for one.
    """
    live = Agent.objects.filter(revoked_at=None, seen_at__gt=clock.now() - timedelta(seconds=2 * LONGEST_S)).count()
    if busy:
        return round(min(max(BUSY_S, live / PER_S), settings.LEASE_S / 3), 2)
    return round(min(max(settings.LEASE_S / 2, live / PER_S), LONGEST_S), 2)


def tell(agent: Agent, kind: Command.Kind) -> Command:
    """Have it told with its next answers, until it has heard."""
    return Command.objects.create(agent=agent, kind=kind)
