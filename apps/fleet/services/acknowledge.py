"""acknowledge(): the agent has the offer and begins. From here on it holds the job as a Celery worker would."""

from __future__ import annotations

from django.db import transaction

from apps.events import clock
from apps.fleet.models import Agent, Assignment
from apps.fleet.services.lease import assignment_of
from apps.runs.models import Job, Run
from apps.runs.services.claim import claim
from apps.runs.services.output import LeaseLost
from apps.runs.states import JobStatus


class _Refused(Exception):
    """Rolls back what was written so far."""


def acknowledge(agent: Agent, job_id: int, lease: str) -> Job:
    """queued → running, under the lease that was offered; said twice, it is done once. Raises NotYours, LeaseLost.

    The offer's row is locked first: of an acknowledgement and a new offer to somebody else, one finds what the other
    has left.
    """
    found = assignment_of(agent, job_id)
    if found.acknowledged_at is not None and found.job.lease_token == lease and found.job.status == JobStatus.RUNNING:
        return found.job
    try:
        with transaction.atomic():
            return _begin(found, lease)
    except _Refused:
        _let_go(found, lease)
        raise LeaseLost(f"Job {job_id} is no longer yours to begin.") from None


def _begin(found: Assignment, lease: str) -> Job:
    # The run before the job, as everywhere; its epoch stays what it is until this has committed.
    epoch = Run.objects.select_for_update(no_key=True).values_list("epoch", flat=True).get(pk=found.job.run_id)
    ours = Assignment.objects.filter(pk=found.pk, agent=found.agent, lease_token=lease, acknowledged_at=None)
    if not ours.update(acknowledged_at=clock.now()):
        raise _Refused
    job = claim(found.job_id, epoch, worker_name(found.agent), lease_token=lease)
    if job is None:
        raise _Refused
    return job


def _let_go(found: Assignment, lease: str) -> None:
    """It may still wait, for a paused queue: then somebody can be offered it again at once."""
    open_still = Assignment.objects.filter(pk=found.pk, lease_token=lease, acknowledged_at=None)
    open_still.update(expires_at=clock.now())


def worker_name(agent: Agent) -> str:
    """Who holds the lease, as a job's page shows it. No machine's name looks like this one."""
    return f"agent:{agent.pk}/{agent.name}"[:120]
