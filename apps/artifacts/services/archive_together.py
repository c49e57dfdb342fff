"""archive_together(): the output of many ended jobs that printed little moves in one transaction.

The steps and what a death in between leaves are those of archive_logs: the bytes under fresh keys first, then all rows
begin to count and all chunks go, together. Where somebody was faster with one of them nothing changes, and each is
moved alone.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from django.db import IntegrityError, transaction
from django.db.models import Sum

from apps.artifacts.models import Artifact
from apps.artifacts.services.save import discard
from apps.artifacts.store import StoreError, store
from apps.events import wake
from apps.events.models import LogChunk
from apps.runs.models import Job

logger = logging.getLogger(__name__)

SMALL_BYTES = 64 * 1024
NAME = "output.log"
CONTENT_TYPE = "text/plain; charset=utf-8"


@dataclass
class _Log:
    """What was read of one job's output, and by which rows."""

    data: bytearray = field(default_factory=bytearray)
    chunks: list[int] = field(default_factory=list)
    is_whole: bool = True


def archive_together(jobs: Sequence[Job], until: float) -> set[int]:
    """Of these, whose output has not been moved before, the ones whose output has moved now. Others are left for who
    moves them alone. What has not been read by `until`, on the monotonic clock, is left, too.
    """
    logs = _small_logs([job.pk for job in jobs])
    rows = []
    for job in jobs:
        if job.pk not in logs or time.monotonic() > until:
            continue
        try:
            rows.append(_put(job, bytes(logs[job.pk].data)))
        except StoreError as error:
            logger.warning("action=archive job=%s %s The next pass tries again.", job.pk, error)
            break
    if not _switch(rows, [pk for row in rows for pk in logs[row.job_id].chunks]):
        for row in rows:
            discard(row.store_key)
        return set()
    for row in rows:
        remove_others(row.job_id, row.store_key)
    return {row.job_id for row in rows}


def row_of(job: Job, key: str, size_bytes: int, sha256: str) -> Artifact:
    """The row that says where a job's output lies in the store; not saved."""
    return Artifact(
        run_id=job.run_id,
        job_id=job.pk,
        name=NAME,
        kind=Artifact.Kind.LOG,
        size_bytes=size_bytes,
        sha256=sha256,
        store_key=key,
        content_type=CONTENT_TYPE,
    )


def fresh_key(job_id: int) -> str:
    return f"logs/{job_id}/{secrets.token_hex(16)}"


def remove_others(job_id: int, key: str) -> None:
    """What other attempts at the same have left."""
    for info in store().list(f"logs/{job_id}/"):
        if info.key != key:
            discard(info.key)


def _small_logs(job_ids: Sequence[int]) -> dict[int, _Log]:
    """By job, in two queries; those only that are small and have no gap."""
    chunks = LogChunk.objects.filter(job_id__in=job_ids).order_by()
    sizes = chunks.values_list("job_id").annotate(bytes=Sum("size"))
    small = [job_id for job_id, size_bytes in sizes if size_bytes <= SMALL_BYTES]
    found: dict[int, _Log] = {}
    rows = LogChunk.objects.filter(job_id__in=small).order_by("job_id", "offset")
    for pk, job_id, offset, data in rows.values_list("pk", "job_id", "offset", "data"):
        log = found.setdefault(job_id, _Log())
        log.is_whole = log.is_whole and offset == len(log.data)
        log.data += data
        log.chunks.append(pk)
    return {job_id: log for job_id, log in found.items() if log.is_whole}


def _put(job: Job, data: bytes) -> Artifact:
    key = fresh_key(job.pk)
    stored = store().put([data], key)
    return row_of(job, key, stored.size_bytes, stored.sha256)


def _switch(rows: list[Artifact], chunks: list[int]) -> bool:
    """All rows begin to count, and exactly what was read goes. False, and nothing has changed, where one is there."""
    try:
        with transaction.atomic():
            Artifact.objects.bulk_create(rows)
            LogChunk.objects.filter(pk__in=chunks).delete()
            for row in rows:
                transaction.on_commit(partial(wake.log, row.job_id))
    except IntegrityError:
        return False
    return True
