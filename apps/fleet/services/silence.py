"""When there is reason to think that an agent has died, its jobs need not wait for their whole lease to run out.

Its line broke: a hint. A line breaks for other reasons, too, and who lives is heard again within a second or so; then
the lease has its full time. Its process is new, and says so: what the one before held is gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.db import transaction

from apps.events import clock
from apps.fleet.models import Agent
from apps.runs.models import Job
from apps.runs.services import dispatch
from apps.runs.services.reap import end_lost
from apps.runs.states import JobStatus

PROBE_S = 4.0


def doubt(leases: Mapping[int, str]) -> None:
    """These end soon, unless their holder is heard before."""
    soon = clock.now() + timedelta(seconds=PROBE_S)
    for job_id, lease in leases.items():
        held = Job.objects.filter(pk=job_id, lease_token=lease, status=JobStatus.RUNNING)
        held.filter(lease_expires_at__gt=soon).update(lease_expires_at=soon)


def end_silent(leases: Mapping[int, str]) -> None:
    """Those of them whose holder was not heard. The row is locked: a beat that comes now renews, or finds it ended."""
    for job_id, lease in leases.items():
        with transaction.atomic():
            held = Job.objects.select_for_update(no_key=True).filter(pk=job_id, lease_token=lease)
            job = held.filter(status=JobStatus.RUNNING, lease_expires_at__lt=clock.now()).first()
            if job is not None and end_lost(job, f"{job.worker} closed its connection and was not heard again."):
                dispatch.advance(job.run_id)


def end_all_held(agent: Agent) -> None:
    """Its process is new and holds nothing."""
    for job in Job.objects.filter(assignment__agent=agent, status=JobStatus.RUNNING):
        with transaction.atomic():
            if end_lost(job, f"Its agent {agent.name} was started anew."):
                dispatch.advance(job.run_id)
