"""The deployment role's Celery tasks: three lines each over a plain function."""

from celery import shared_task

from workers.deployment import janitor, operate
from workers.deployment.deploy import deploy as deploy_run
from workers.hand_on import hand_on, nothing


@shared_task(name="deployment.deploy")
def deploy(job_id: int, epoch: int) -> None:
    hand_on(job_id, epoch, deploy_run)


@shared_task(name="deployment.restart")
def restart(release_id: int) -> None:
    operate.restart(release_id)


@shared_task(name="deployment.roll_back")
def roll_back(release_id: int) -> None:
    operate.roll_back(release_id)


@shared_task(name="deployment.stop")
def stop(release_id: int) -> None:
    operate.stop(release_id)


@shared_task(name="deployment.tidy")
def tidy() -> None:
    janitor.tidy()


@shared_task(name="deployment.noop")
def noop(job_id: int, epoch: int) -> None:
    hand_on(job_id, epoch, nothing)
