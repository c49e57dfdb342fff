"""The monitoring role's Celery tasks: three lines each over a plain function."""

from celery import shared_task

from workers.hand_on import hand_on, nothing


@shared_task(name="monitoring.noop")
def noop(job_id: int, epoch: int) -> None:
    hand_on(job_id, epoch, nothing)
