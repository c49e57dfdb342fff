"""Verbs that change releases. What runs where is the target's business; these keep the record, fenced by generation."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from django.db import transaction
from django.db.models import F

from apps.events import clock
from apps.events.lifecycle import move
from apps.events.services import record
from apps.projects.models import Project
from apps.releases.models import Environment, Release
from apps.releases.states import ReleaseStatus
from apps.runs.services.active import ActiveJob
from apps.runs.states import JobStatus, Reason


class Outdated(Exception):
    """A newer switch of this environment has been made; this one must not come after it."""


def environment_of(project: Project, name: str) -> Environment:
    """The project's environment of this name; made at its first use."""
    return Environment.objects.get_or_create(project=project, name=name)[0]


def begin_release(job: ActiveJob, environment: Environment, target: str, config: dict[str, Any]) -> Release:
    """A release of the run's commit, being deployed by this attempt. Raises LeaseLost."""
    with job.held():
        release = Release.objects.create(
            environment=environment,
            run=job.run,
            job=job.row,
            commit=job.run.commit,
            target=target,
            config=config,
        )
        record(job.run.pk, Release.EVENT, {"id": release.pk, "from": "", "to": release.status}, job_id=job.row.pk)
        move(release, ReleaseStatus.DEPLOYING, job_id=job.row.pk)
    return release


def restore_release(environment: Environment, old: Release) -> Release:
    """A release that brings back what `old` was, without building anything."""
    with transaction.atomic():
        release = Release.objects.create(
            environment=environment,
            run=old.run,
            restores=old,
            commit=old.commit,
            target=old.target,
            config=old.config,
            handle=old.handle,
        )
        record(old.run_id, Release.EVENT, {"id": release.pk, "from": "", "to": release.status, "restores": old.pk})
        move(release, ReleaseStatus.DEPLOYING)
    return release


def reserve_switch(release: Release, job: ActiveJob | None = None) -> int:
    """The generation under which this release may be put in front. Whoever reserves later wins.

    Reserved before the target is told, so that a process that dies in between has used its number up and cannot stand
    in the way of the next one. Raises LeaseLost.
    """
    with _under(job):
        Environment.objects.filter(pk=release.environment_id).update(generation=F("generation") + 1)
        return Environment.objects.values_list("generation", flat=True).get(pk=release.environment_id)


def go_live(
    release: Release, generation: int, *, url: str, address: Sequence[Any], job: ActiveJob | None = None
) -> Release | None:
    """Record that people see this release now; returns the one it took the place of.

    The old one becomes superseded (rolled back, where this release restores another). Raises Outdated if a newer
    switch was reserved meanwhile, LeaseLost if the attempt is not ours any more.
    """
    with _under(job):
        environment = Environment.objects.select_for_update(no_key=True).get(pk=release.environment_id)
        if environment.generation != generation:
            raise Outdated(f"{environment} was switched by somebody else meanwhile.")
        old = environment.live
        move(release, ReleaseStatus.LIVE, live_at=clock.now(), job_id=job.row.pk if job else None)
        if old is not None and old.status == ReleaseStatus.LIVE:
            gone = ReleaseStatus.ROLLED_BACK if release.restores_id else ReleaseStatus.SUPERSEDED
            move(old, gone, ended_at=clock.now())
        environment.previous = old if not release.restores_id else None
        environment.live = release
        environment.url = url
        environment.address = list(address)
        environment.save(update_fields=["previous", "live", "url", "address"])
    return old


def fail_release(release: Release, reason: Reason, message: str) -> None:
    """deploying → failed; what was live before stays so."""
    move(release, ReleaseStatus.FAILED, reason=reason, message=message, ended_at=clock.now())


def stop_release(release: Release, reason: Reason, message: str) -> None:
    """live → stopped, with nothing in its place."""
    with transaction.atomic():
        move(release, ReleaseStatus.STOPPED, reason=reason, message=message, ended_at=clock.now())
        Environment.objects.filter(pk=release.environment_id, live=release).update(live=None)


def abandoned(environment: Environment) -> list[Release]:
    """Releases that an attempt left half deployed when it died: whoever deploys next clears them away."""
    half = Release.objects.filter(environment=environment, status__in=[ReleaseStatus.PENDING, ReleaseStatus.DEPLOYING])
    return [
        release
        for release in half.select_related("job")
        if release.job is None or release.job.status != JobStatus.RUNNING
    ]


def _under(job: ActiveJob | None) -> AbstractContextManager[None]:
    """A transaction; under the job's lease where there is a job."""
    return job.held() if job is not None else transaction.atomic()
