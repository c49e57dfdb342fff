"""Fence: every call about a job names job and lease. Another agent's job is not there; an old lease changes nothing."""

from __future__ import annotations

from apps.fleet.models import Agent, Assignment
from apps.runs.services.output import LeaseLost
from apps.runs.states import JobStatus


class NotYours(LookupError):
    """There is no such job among yours."""


def assignment_of(agent: Agent, job_id: int) -> Assignment:
    """What this agent was given as this job. Raises NotYours."""
    rows = Assignment.objects.select_related("job__run", "job__task", "agent")
    found = rows.filter(agent=agent, job_id=job_id).first()
    if found is None:
        raise NotYours(NotYours.__doc__)
    return found


def held(agent: Agent, job_id: int, lease: str) -> Assignment:
    """The same, where the job runs under this lease. Raises NotYours, LeaseLost."""
    return held_now(assignment_of(agent, job_id), lease)


def held_now(found: Assignment, lease: str) -> Assignment:
    """This one, as it was read, if the job runs under this lease. Raises LeaseLost."""
    if found.lease_token != lease or found.job.lease_token != lease or found.job.status != JobStatus.RUNNING:
        raise LeaseLost(f"Job {found.job_id} is not held under this lease; end what you do for it, and forget it.")
    return found
