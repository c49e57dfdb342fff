"""The three lines that every task of a role is made of."""

from __future__ import annotations

from celery.exceptions import Ignore

from apps.runs.outcome import Outcome, done
from apps.runs.services.active import ActiveJob
from apps.runs.services.perform import Work, perform


def hand_on(job_id: int, epoch: int, work: Work) -> None:
    """Perform the job; let the canvas go on, or end it here without a result."""
    if not perform(job_id, epoch, work):
        raise Ignore


def nothing(job: ActiveJob) -> Outcome:
    """The work of a no-op step: shows that the queue has a worker that answers."""
    return done()
