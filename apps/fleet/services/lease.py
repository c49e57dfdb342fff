"""Fence: every call about a job names job and lease. Another agent's job is not there; an old lease changes nothing."""

from __future__ import annotations

from apps.fleet.models import Agent, Assignment
from apps.projects.models import Project
from apps.runs.models import Job, Run, Task
from apps.runs.services.output import LeaseLost
from apps.runs.states import JobStatus
from apps.sql.execute import execute, locks
from apps.sql.read import Read

GIVEN = Read(
    "FROM fleet_assignment a JOIN runs_job j ON j.id = a.job_id JOIN runs_run r ON r.id = j.run_id"
    " JOIN projects_project p ON p.id = r.project_id LEFT JOIN runs_task t ON t.id = j.task_id"
    " WHERE a.job_id = %s AND a.agent_id = %s",
    a=Assignment,
    j=Job,
    r=Run,
    p=Project,
    t=Task,
)
LOCK = (
    "SELECT r.id FROM runs_run r JOIN runs_job j ON j.run_id = r.id JOIN fleet_assignment a ON a.job_id = j.id"
    " WHERE a.job_id = %s AND a.agent_id = %s FOR NO KEY UPDATE OF r"
)


class NotYours(LookupError):
    """There is no such job among yours."""


def assignment_of(agent: Agent, job_id: int) -> Assignment:
    """What this agent was given as this job, with job, task, run and project. Raises NotYours."""
    row = GIVEN.one(job_id, agent.pk)
    if row is None:
        raise NotYours(NotYours.__doc__)
    found: Assignment
    found, job, run, project, task = row
    found.agent, found.job = agent, job
    job.run, job.task, run.project = run, task, project
    return found


def assignment_alone(agent: Agent, job_id: int) -> Assignment:
    """The same, read once the run is locked: until the transaction ends, nobody else changes run, tasks or who holds
    its jobs. An offer, and its expiry, are not among that. Call in a transaction. Raises NotYours.
    """
    if locks():
        execute(LOCK, job_id, agent.pk)
    return assignment_of(agent, job_id)


def held(agent: Agent, job_id: int, lease: str) -> Assignment:
    """The same as assignment_of(), where the job runs under this lease. Raises NotYours, LeaseLost."""
    return held_now(assignment_of(agent, job_id), lease)


def held_now(found: Assignment, lease: str) -> Assignment:
    """This one, as it was read, if the job runs under this lease. Raises LeaseLost."""
    if found.lease_token != lease or found.job.lease_token != lease or found.job.status != JobStatus.RUNNING:
        raise LeaseLost(f"Job {found.job_id} is not held under this lease; end what you do for it, and forget it.")
    return found
