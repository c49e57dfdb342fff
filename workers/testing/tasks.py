"""The testing role's Celery tasks: three lines each over a plain function."""

from celery import shared_task

from apps.ci.services.settle import settle
from apps.runs.services.perform import perform
from workers.hand_on import hand_on, nothing
from workers.testing import packing, run_tests
from workers.testing.author.write_tests import write_tests
from workers.testing.ci import ci as do_cell
from workers.testing.fetch import fetch as fetch_package


@shared_task(name="testing.test")
def test(job_id: int, epoch: int) -> None:
    hand_on(job_id, epoch, run_tests.test)


@shared_task(name="testing.write")
def write(job_id: int, epoch: int) -> None:
    hand_on(job_id, epoch, write_tests)


@shared_task(name="testing.verify")
def verify(job_id: int, epoch: int) -> None:
    hand_on(job_id, epoch, run_tests.verify)


@shared_task(name="testing.pack")
def pack(job_id: int, epoch: int) -> None:
    hand_on(job_id, epoch, packing.pack)


@shared_task(name="testing.pack_merged")
def pack_merged(job_id: int, epoch: int) -> None:
    hand_on(job_id, epoch, packing.pack_merged)


@shared_task(name="testing.ci")
def ci(job_id: int, epoch: int) -> None:
    perform(job_id, epoch, do_cell)
    settle(job_id)


@shared_task(name="testing.fetch")
def fetch(job_id: int, epoch: int) -> None:
    perform(job_id, epoch, fetch_package)
    settle(job_id)


@shared_task(name="testing.noop")
def noop(job_id: int, epoch: int) -> None:
    hand_on(job_id, epoch, nothing)
