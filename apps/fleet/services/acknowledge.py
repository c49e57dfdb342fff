"""acknowledge(): the agent has the offer and begins. From here on it holds the job as a Celery worker would."""

from __future__ import annotations

from apps.events import clock
from apps.events.lifecycle import MoveLost
from apps.fleet.models import Agent, Assignment
from apps.fleet.services.lease import assignment_alone
from apps.runs.models import Job
from apps.runs.services.claim import take
from apps.runs.services.output import LeaseLost
from apps.runs.states import JobStatus
from apps.sql.execute import at, execute, together

ACKNOWLEDGE = (
    "UPDATE fleet_assignment SET acknowledged_at = %s"
    " WHERE id = %s AND agent_id = %s AND lease_token = %s AND acknowledged_at IS NULL"
)
LET_GO = (
    "UPDATE fleet_assignment SET acknowledged_at = NULL, expires_at = %s"
    " WHERE id = %s AND agent_id = %s AND lease_token = %s"
)


def acknowledge(agent: Agent, job_id: int, lease: str) -> Job:
    """queued → running, under the lease that was offered; said twice, it is done once. Raises NotYours, LeaseLost.

    Of an acknowledgement and a new offer to somebody else, the statement that comes first decides.
    """
    with together():
        found = assignment_alone(agent, job_id)
        begun = _is_begun(found, lease) if found.acknowledged_at else _begin(found, lease)
    if not begun:
        raise LeaseLost(f"Job {job_id} is no longer yours to begin.")
    return found.job


def _is_begun(found: Assignment, lease: str) -> bool:
    return found.lease_token == lease == found.job.lease_token and found.job.status == JobStatus.RUNNING


def _begin(found: Assignment, lease: str) -> bool:
    """What cannot begin may still wait, for a paused queue: then somebody can be offered it again at once."""
    job, ours = found.job, (found.pk, found.agent_id, lease)
    if execute(ACKNOWLEDGE, at(clock.now()), *ours) != 1:
        return False
    try:
        if job.status == JobStatus.QUEUED:
            take(job, job.run.epoch, worker_name(found.agent), "", lease)
            return True
    except MoveLost:
        if job.status == JobStatus.RUNNING:
            raise  # it was written already; all of it is taken back
    execute(LET_GO, at(clock.now()), *ours)
    return False


def worker_name(agent: Agent) -> str:
    """Who holds the lease, as a job's page shows it. No machine's name looks like this one."""
    return f"agent:{agent.pk}/{agent.name}"[:120]
