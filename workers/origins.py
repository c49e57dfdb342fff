"""A project's origin as its workers use it: with its password, the operator's rules, the job's stop and progress."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from apps.events.models import EventType
from apps.projects.models import Project
from apps.projects.origin import credential_of
from apps.projects.secrets import SecretError
from apps.runs.outcome import JobFailed
from apps.runs.services.active import ActiveJob
from apps.runs.states import Reason
from workers.repo.errors import RemoteAway, RemoteError, Stopped
from workers.repo.remote import Remote
from workers.repo.talk import Bounds
from workers.repo.way import Rules

TELL_EVERY_S = 1.0


def remote_of(project: Project, bounds: Bounds) -> Remote:
    """Raises SecretError where the password cannot be opened any more."""
    credential = credential_of(project)
    rules = Rules(
        hosts=frozenset(settings.GIT_HOSTS),
        folders=tuple(settings.GIT_FOLDERS),
        known_hosts=settings.HOME.known_hosts,
    )
    return Remote(project.origin_url, credential.user, credential.secret, rules, bounds)


@contextmanager
def origin_for(job: ActiveJob) -> Iterator[Remote]:
    """The origin of the job's project. What goes wrong with it becomes the job's failure, by who must act."""
    project = job.run.project
    project.refresh_from_db()
    if not project.origin_url:
        raise JobFailed(Reason.ORIGIN_REFUSED, f"The project {project.slug} has no origin.")
    stop = threading.Event()
    job.on_stop(lambda _: stop.set())
    bounds = Bounds(settings.GIT_TIMEOUT_S, settings.GIT_LIMIT_BYTES, stop, Telling(job))
    try:
        yield remote_of(project, bounds)
    except (RemoteAway, Stopped) as error:
        message = f"The origin {project.origin_url} cannot be used at the moment: {error}"
        raise JobFailed(Reason.INFRASTRUCTURE, message) from error
    except (RemoteError, SecretError) as error:
        raise JobFailed(Reason.ORIGIN_REFUSED, f"The origin {project.origin_url} cannot be used: {error}") from error


class Telling:
    """git's progress as events of the job: once a second, and each part's end."""

    def __init__(self, job: ActiveJob) -> None:
        self._job = job
        self._began = time.monotonic()
        self._told_at = 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        if done < total and now - self._told_at < TELL_EVERY_S:
            return
        self._told_at = now
        elapsed_s = now - self._began
        estimate_s = round(elapsed_s * total / done, 1) if done else None
        progress = {"done": done, "total": total, "elapsed_s": round(elapsed_s, 1), "estimate_s": estimate_s}
        self._job.emit(EventType.PROGRESS, text=what, **progress)
