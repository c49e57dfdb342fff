"""Why a job waits for an agent: for its owner, who is told of tags, and not whose the agents are or what they do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from apps.events import clock
from apps.fleet.matching import may_have, takes_jobs
from apps.fleet.models import Agent
from apps.fleet.overview import SILENT_S, silent_after
from apps.runs.models import Job, Queue
from apps.runs.states import JobStatus
from apps.sql.compiled import Compiled

Known = dict[tuple[str, ...], str]
_queues = Compiled(lambda role: Queue.objects.filter(role=role), str)
TOLD = ("organisation_id", "tags", "claimed_tags", "capabilities", "version", "seen_at", "revoked_at", "draining_at")
_agents = Compiled(lambda: Agent.objects.filter(revoked_at=None).only(*TOLD, "paused_at", "paused_until").order_by())


def waits_for(job: Job, known: Known | None = None) -> str | None:
    """None for a job that is not queued. `known`: what was found for other jobs of the same run, at the same time."""
    if job.status != JobStatus.QUEUED:
        return None
    known, key = known if known is not None else {}, (job.role, *job.runs_on)
    if key not in known:
        paused = any(queue.is_paused for queue in _queues.instances(job.role))
        known[key] = f"An operator has paused the queue {job.role}." if paused else _for_whom(job)
    return known[key]


def _for_whom(job: Job) -> str:
    tags, organisation = f"the tags {', '.join(job.runs_on)}", job.run.project.organisation_id
    fitting = [agent for agent in _agents.instances() if may_have(agent, job.runs_on, organisation)]
    if not fitting:
        return f"For an agent with {tags}; none that has them all has joined."
    if any(takes_jobs(agent) for agent in _heard(fitting, timedelta(seconds=SILENT_S))):
        return f"For an agent with {tags}."  # how long silence may last, which the whole fleet decides, is more
    here = _heard(fitting, silent_after())
    if not here:
        return f"For an agent with {tags}; those that have them were not heard of lately."
    if not any(takes_jobs(agent) for agent in here):
        return f"For an agent with {tags}; those that have them take no jobs at the moment."
    return f"For an agent with {tags}."


def _heard(agents: Sequence[Agent], within: timedelta) -> list[Agent]:
    since = clock.now() - within
    return [agent for agent in agents if agent.seen_at >= since]
