"""The testing role's Celery tasks: three lines each over a plain function."""

from celery import shared_task

from workers.hand_on import hand_on, nothing
from workers.testing import run_tests


@shared_task(name="testing.test")
def test(job_id: int, epoch: int) -> None:
    hand_on(job_id, epoch, run_tests.test)


@shared_task(name="testing.verify")
def verify(job_id: int, epoch: int) -> None:
    hand_on(job_id, epoch, run_tests.verify)


@shared_task(name="testing.noop")
def noop(job_id: int, epoch: int) -> None:
    hand_on(job_id, epoch, nothing)
