"""The work of testing.fetch: a package that a submission gave by its address, brought to the store."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from typing import BinaryIO, cast

from django.conf import settings

from apps.artifacts.models import Artifact
from apps.artifacts.services.save import save
from apps.events.models import EventType
from apps.runs.outcome import JobFailed, Outcome, done
from apps.runs.services.active import ActiveJob
from apps.runs.states import Reason
from workers.places import require_room, work_folder
from workers.web.fetch import FetchFailed, Limits, Web

TIMEOUT_S = 600.0
NAME = "package"
LATER = frozenset({408, 425, 429, 500, 502, 503, 504})  # the server's trouble, which may pass


def fetch(job: ActiveJob, open_web: Callable[[], Web] = Web) -> Outcome:
    """Only public addresses are reached, at every hop (workers.web.guard). What may pass is tried again later."""
    require_room()
    submission = job.run.submission
    url, expected = submission.package_url, submission.package_sha256
    job.emit(EventType.PHASE, name="fetch")
    job.print(f"Fetching {url}")
    digest = hashlib.sha256()
    with tempfile.TemporaryFile(dir=work_folder()) as held:

        def write(piece: bytes) -> None:
            digest.update(piece)
            held.write(piece)
            if job.stopping:
                raise JobFailed(Reason.CANCELED_BY_USER, job.stopping.message)

        _download(open_web, url, write)
        if expected and digest.hexdigest() != expected:
            message = f"{url} has the SHA-256 {digest.hexdigest()}, not {expected} as the submission says."
            raise JobFailed(Reason.BAD_PACKAGE, message)
        held.seek(0)
        kept = save(job, NAME, Artifact.Kind.PACKAGE, cast(BinaryIO, held))
    job.print(f"{kept.size_bytes:,} bytes, SHA-256 {kept.sha256}")
    return done(f"{kept.size_bytes:,} bytes", sha256=kept.sha256, size_bytes=kept.size_bytes)


def _download(open_web: Callable[[], Web], url: str, write: Callable[[bytes], None]) -> None:
    web = open_web()
    try:
        page = web.download(url, write, limits=Limits(settings.CI_PACKAGE_BYTES, TIMEOUT_S))
    except FetchFailed as error:
        raise JobFailed(Reason.BAD_PACKAGE, f"The package was not fetched. {error}") from error
    finally:
        web.close()
    if page.cut:
        limit = settings.CI_PACKAGE_BYTES // 2**20
        raise JobFailed(Reason.BAD_PACKAGE, f"{url} has more than {limit} MiB, the limit (HIVE_CI_PACKAGE_MB).")
    if page.status in LATER:
        raise JobFailed(Reason.INFRASTRUCTURE, f"{url} answered {page.status}; it is asked again.")
    if page.status != 200:
        raise JobFailed(Reason.BAD_PACKAGE, f"{url} answered {page.status}.")
