"""The manager role's Celery tasks: three lines each over a plain function."""

from celery import shared_task

from apps.runs.models import Job
from apps.runs.services.pause import publish_waiting
from apps.runs.services.perform import Work, perform
from apps.runs.services.reap import reap_dead_workers
from apps.runs.services.sweep import sweep as sweep_once
from workers.hand_on import nothing
from workers.manager.advance import advance as advance_run
from workers.manager.plan import plan as plan_run
from workers.manager.specify.specify import specify as specify_run


@shared_task(name="manager.specify")
def specify(job_id: int, epoch: int) -> None:
    begin(job_id, epoch, specify_run)


@shared_task(name="manager.plan")
def plan(job_id: int, epoch: int) -> None:
    begin(job_id, epoch, plan_run)


@shared_task(name="manager.noop")
def noop(job_id: int, epoch: int) -> None:
    begin(job_id, epoch, nothing)


def begin(job_id: int, epoch: int, work: Work) -> None:
    """A run's first step stands in no canvas; the manager goes on by itself, without a message to itself.

    Where the step is not the first, its canvas ends with a look at the run.
    """
    if perform(job_id, epoch, work):
        run_id, needs = Job.objects.values_list("run_id", "needs").get(pk=job_id)
        if not needs:
            advance_run(run_id)


@shared_task(name="manager.advance")
def advance(run_id: int) -> None:
    advance_run(run_id)


@shared_task(name="manager.join")
def join() -> None:
    """Stands between two groups of a canvas."""


@shared_task(name="manager.reap")
def reap() -> None:
    for run_id in set(reap_dead_workers()):
        advance_run(run_id)


@shared_task(name="manager.resume")
def resume(queue_id: int) -> None:
    publish_waiting(queue_id)


@shared_task(name="manager.sweep")
def sweep() -> None:
    for run_id in sweep_once():
        advance_run(run_id)
