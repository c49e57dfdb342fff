"""The janitor of releases: the database says what should run and what may be gone back to; everything else goes.

What a deployment does, it does in steps, and it may die between any two: the new release is live and the old one was
not stopped yet, an image is built and the lease is lost, a container runs and nobody is left to look at it. Whatever
was left is found here by the name of its release, on the host and on the engine, and asked about in the database.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from contextlib import suppress
from datetime import timedelta

from django.conf import settings

from apps.events import clock
from apps.releases.models import Environment, Release
from apps.releases.states import ReleaseStatus
from apps.runs.states import JobStatus
from workers.deployment.choose import installation
from workers.deployment.containers.engine import EngineAway, EngineError, engine
from workers.deployment.containers.owned import Owned
from workers.deployment.deploy import key_of
from workers.deployment.host.client import HostClient
from workers.deployment.host.errors import HostError
from workers.deployment.host.views import ReleaseState

logger = logging.getLogger(__name__)

ROLLBACK = timedelta(minutes=10)  # one without a job that takes longer has died
UNDERWAY = [ReleaseStatus.PENDING, ReleaseStatus.DEPLOYING]


def tidy() -> list[str]:
    """Stop what should not run, remove what nobody can go back to; returns the names of what was cleared away."""
    host = HostClient(settings.HOME.socket("host"), patience_s=0)
    try:
        return [*_on_the_host(host), *_on_the_engine(host)]
    except EngineAway:
        return []  # no engine, no containers; where there is one, it is asked again
    except (HostError, EngineError) as error:
        logger.warning("action=tidy_releases %s", error)
        return []


def _on_the_host(host: HostClient) -> list[str]:
    # Looked at before the database: what is started after that cannot be taken for something old.
    running = [view.release for view in host.list().releases if view.state == ReleaseState.RUNNING]
    ended = [release for release in running if release not in wanted()]
    for release in ended:
        host.stop(release)
        logger.warning("action=stop_orphan release=%s", release)
    return ended


def _on_the_engine(host: HostClient) -> list[str]:
    with engine() as client:
        owned = Owned(client, installation())
        releases, environments = owned.releases(), owned.environments()
        gone = sorted(releases - kept())
        for release in gone:
            with suppress(HostError):  # the engine's own labels say the same
                host.forget(release)
            owned.remove_release(release)
            logger.info("action=remove_release release=%s", release)
        for environment in sorted(environments - _in_use()):
            owned.remove_environment(environment, data=not _exists(environment))
        owned.prune()
    return gone


def wanted() -> set[str]:
    """Releases that may run: live ones, and those that somebody deploys just now."""
    live = Release.objects.filter(status=ReleaseStatus.LIVE)
    deploying = Release.objects.filter(status__in=UNDERWAY)
    now = deploying.filter(job__status=JobStatus.RUNNING)
    back = deploying.filter(job=None, created_at__gt=clock.now() - ROLLBACK)
    return {key_of(release) for found in (live, now, back) for release in found}


def kept() -> set[str]:
    """Releases whose images and containers stay: what may run, and what could be gone back to."""
    back = Environment.objects.exclude(previous=None).select_related("previous")
    return wanted() | {key_of(environment.previous) for environment in back if environment.previous}


def _in_use() -> set[str]:
    """Environments with something to keep: nobody deploys there now, and nothing could be gone back to, in the rest."""
    shown = Environment.objects.exclude(live=None, previous=None).values_list("pk", flat=True)
    underway = Release.objects.filter(status__in=UNDERWAY).values_list("environment_id", flat=True)
    return _keys([*shown, *underway])


def _exists(environment: str) -> bool:
    number = environment.removeprefix("e")
    return number.isdigit() and Environment.objects.filter(pk=int(number)).exists()


def _keys(numbers: Collection[int]) -> set[str]:
    return {f"e{number}" for number in numbers}
