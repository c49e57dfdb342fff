"""The coding role's Celery tasks: three lines each over a plain function."""

from typing import Any

from celery import shared_task

from workers.coding.fetching import fetch as fetch_origin
from workers.coding.merging import merge as merge_tasks
from workers.coding.packing import pack as pack_base
from workers.coding.pushing import push as push_to_origin
from workers.coding.write import write
from workers.hand_on import hand_on, nothing
from workers.mcp_look_inside import look_inside
from workers.tidy import tidy as tidy_work_folder


@shared_task(name="coding.code")
def code(job_id: int, epoch: int) -> None:
    hand_on(job_id, epoch, write)


@shared_task(name="coding.pack")
def pack(job_id: int, epoch: int) -> None:
    hand_on(job_id, epoch, pack_base)


@shared_task(name="coding.merge")
def merge(job_id: int, epoch: int) -> None:
    hand_on(job_id, epoch, merge_tasks)


@shared_task(name="coding.fetch")
def fetch(job_id: int, epoch: int) -> None:
    hand_on(job_id, epoch, fetch_origin)


@shared_task(name="coding.push")
def push(job_id: int, epoch: int) -> None:
    hand_on(job_id, epoch, push_to_origin)


@shared_task(name="coding.tidy")
def tidy() -> None:
    tidy_work_folder()


@shared_task(name="coding.look", ignore_result=False)
def look(server_id: int) -> dict[str, Any]:
    return look_inside(server_id)


@shared_task(name="coding.noop")
def noop(job_id: int, epoch: int) -> None:
    hand_on(job_id, epoch, nothing)
