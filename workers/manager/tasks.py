"""The manager role's Celery tasks: three lines each over a plain function."""

from celery import shared_task

from apps.runs.models import Job
from apps.runs.services.perform import perform
from apps.runs.services.sweep import sweep as sweep_once
from workers.hand_on import nothing
from workers.manager.advance import advance as advance_run


@shared_task(name="manager.noop")
def noop(job_id: int, epoch: int) -> None:
    if perform(job_id, epoch, nothing):
        advance_run(Job.objects.values_list("run_id", flat=True).get(pk=job_id))


@shared_task(name="manager.advance")
def advance(run_id: int) -> None:
    advance_run(run_id)


@shared_task(name="manager.join")
def join() -> None:
    """Stands between two groups of a canvas."""


@shared_task(name="manager.sweep")
def sweep() -> None:
    for run_id in sweep_once():
        advance_run(run_id)
