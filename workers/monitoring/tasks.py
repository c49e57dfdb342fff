"""The monitoring role's Celery tasks: three lines each over a plain function."""

from celery import shared_task

from apps.artifacts.services.archive_logs import archive_logs as archive_once
from apps.artifacts.services.expire import expire_artifacts as expire_once
from apps.artifacts.services.keep_reports import keep_reports
from apps.artifacts.services.remove_orphans import remove_orphans as remove_once
from apps.memory.services import expire as expire_notes
from apps.upkeep.prune import prune_on_schedule
from workers.hand_on import hand_on, nothing
from workers.monitoring import probe as probing
from workers.monitoring.accept import accept as accept_run


@shared_task(name="monitoring.accept")
def accept(job_id: int, epoch: int) -> None:
    hand_on(job_id, epoch, accept_run)


@shared_task(name="monitoring.probe")
def probe() -> None:
    probing.probe_due()


@shared_task(name="monitoring.noop")
def noop(job_id: int, epoch: int) -> None:
    hand_on(job_id, epoch, nothing)


@shared_task(name="monitoring.archive_logs")
def archive_logs() -> None:
    archive_once()
    keep_reports()


@shared_task(name="monitoring.expire_artifacts")
def expire_artifacts() -> None:
    expire_once()


@shared_task(name="monitoring.remove_orphans")
def remove_orphans() -> None:
    remove_once()


@shared_task(name="monitoring.prune")
def prune() -> None:
    prune_on_schedule()


@shared_task(name="monitoring.expire_memory")
def expire_memory() -> None:
    expire_notes()
