"""save(): keep a file that a job has produced."""

from __future__ import annotations

import logging
import mimetypes
import re
import secrets

from django.conf import settings
from django.db import IntegrityError, transaction

from apps.artifacts.models import Artifact
from apps.artifacts.store import Source, Stored, StoreError, store
from apps.runs.models import Job
from apps.runs.services.active import ActiveJob
from apps.runs.services.outage import outlast
from apps.runs.services.output import LeaseLost
from apps.runs.states import JobStatus

logger = logging.getLogger(__name__)

NAME = re.compile(r"[^/\x00-\x1f\x7f\\][^\x00-\x1f\x7f\\]{0,199}")
BINARY = "application/octet-stream"
TYPES = mimetypes.MimeTypes()  # Python's own table: the machine's would give another answer on another machine


class NameTaken(Exception):
    """This job has kept something else under this name."""


def save(job: ActiveJob, name: str, kind: str, stream: Source, content_type: str = "") -> Artifact:
    """Keep what `stream` gives as an artifact of this job.

    The bytes get a key of their own, so nobody's are overwritten; the row decides whether they count. The same bytes
    under the same name are the same artifact. A store that is away is waited for, so that work which is done need not
    be done again. Raises LeaseLost (then nothing is kept), NameTaken, StoreError, and ValueError for a name that is
    none or a kind that is not a job's to give.
    """
    _check(name, kind)
    key = f"runs/{job.row.run_id}/jobs/{job.row.pk}/{secrets.token_hex(16)}"
    stored = store().put(stream, key, settings.STORE_PATIENCE_S)
    kept = None
    try:
        content_type = content_type or TYPES.guess_type(name)[0] or BINARY
        kept = outlast(lambda: _record(job, name, kind, stored, key, content_type), "save")
    finally:
        if kept is None or kept.store_key != key:
            discard(key)
    return kept


def _check(name: str, kind: str) -> None:
    if not NAME.fullmatch(name) or ".." in name.split("/"):
        raise ValueError(f"{name[:200]!r} is not a name for an artifact: use a file name of up to 200 characters.")
    if kind not in Artifact.Kind.values or kind == Artifact.Kind.LOG:
        known = ", ".join(value for value in Artifact.Kind.values if value != Artifact.Kind.LOG)
        raise ValueError(f"{kind!r} is not a kind of artifact that a job keeps. Known: {known}.")


def _record(job: ActiveJob, name: str, kind: str, stored: Stored, key: str, content_type: str) -> Artifact:
    row = job.row
    try:
        with transaction.atomic():
            held = Job.objects.select_for_update(no_key=True).filter(
                pk=row.pk, lease_token=row.lease_token, status=JobStatus.RUNNING
            )
            if not list(held.values_list("pk")):
                raise LeaseLost(f"{row} is no longer held under this lease; {name} was not kept.")
            return Artifact.objects.create(
                run_id=row.run_id,
                job=row,
                name=name,
                kind=kind,
                size_bytes=stored.size_bytes,
                sha256=stored.sha256,
                store_key=key,
                content_type=content_type[:100],
            )
    except IntegrityError:
        kept = Artifact.objects.filter(job=row, name=name).first()
        if kept is not None and (kept.sha256, kept.kind) == (stored.sha256, kind):
            return kept
        raise NameTaken(f"{row} has kept something else as {name} before.") from None


def discard(key: str) -> None:
    """Take back bytes that no row counts. What cannot be deleted now is found by remove_orphans()."""
    try:
        store().delete(key)
    except StoreError as error:
        logger.warning("action=discard key=%s %s", key, error)
