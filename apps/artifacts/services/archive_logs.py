"""archive_logs(): the output of ended jobs moves from chunk rows into the artifact store.

Row and chunks change in one transaction, after the bytes are durable. So at any moment the log is in exactly one
place, whoever dies and however many do this at once:

1. put the bytes under a fresh key            a death here leaves bytes that no row names; the next pass removes them
2. one transaction: the row, the chunks go    of two that come here, the first wins and the other takes its bytes back
3. remove what other attempts have left       a death here leaves it to remove_orphans()

Small ones go many in one transaction; a large one, or one of which a part has moved before, goes alone.
"""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Iterable, Iterator

from django.db import IntegrityError, transaction

from apps.artifacts.models import Artifact
from apps.artifacts.queries import find_log, find_logs
from apps.artifacts.services.archive_together import archive_together, fresh_key, remove_others, row_of
from apps.artifacts.services.save import discard
from apps.artifacts.store import Stored, StoreError, store
from apps.events import wake
from apps.events.models import LogChunk
from apps.events.queries import log_bytes
from apps.runs.models import Job
from apps.runs.states import JOB_ENDED

logger = logging.getLogger(__name__)

PASS_S = 2.0  # a pass holds a process that also probes releases; the rest is for the next one
BATCH = 200


def archive_logs() -> int:
    """One pass over the ended jobs that have chunks, oldest first; returns how many logs have moved."""
    until, moved = time.monotonic() + PASS_S, 0
    waiting = list(_waiting())
    moved_before = find_logs([job.pk for job in waiting])
    together = archive_together([job for job in waiting if job.pk not in moved_before], until)
    for job in waiting:
        if job.pk in together:
            continue
        try:
            moved += _move(job, moved_before.get(job.pk))
        except StoreError as error:
            logger.warning("action=archive job=%s %s The next pass tries again.", job.pk, error)
        if time.monotonic() > until:
            break
    return moved + len(together)


def _waiting() -> Iterable[Job]:
    with_chunks = LogChunk.objects.order_by().values("job_id").distinct()
    return Job.objects.filter(pk__in=with_chunks, status__in=JOB_ENDED).order_by("finished_at")[:BATCH]


def archive_log(job: Job) -> bool:
    """Move one log. False if somebody else did it meanwhile.

    A piece that became visible only after its job's log had moved is appended: what was accepted is kept.
    """
    return _move(job, find_log(job.pk))


def _move(job: Job, old: Artifact | None) -> bool:
    """`old`: where it lay a moment ago. Where somebody has moved it since, the row is another, and nothing changes."""
    key = fresh_key(job.pk)
    stored = store().put(_content(job, old), key)
    if not _switch(job, old, stored, key):
        discard(key)
        return False
    remove_others(job.pk, key)
    return True


def _content(job: Job, old: Artifact | None) -> Iterator[bytes]:
    before = store().get(old.store_key) if old else iter(())
    return itertools.chain(before, log_bytes(job.pk, old.size_bytes if old else 0))


def _switch(job: Job, old: Artifact | None, stored: Stored, key: str) -> bool:
    """The row begins to count and the chunks go, together. False if the row is not what it was."""
    try:
        with transaction.atomic():
            if not _record(job, old, stored, key):
                return False
            LogChunk.objects.filter(job_id=job.pk, offset__lt=stored.size_bytes).delete()
            transaction.on_commit(lambda: wake.log(job.pk))
    except IntegrityError:
        return False
    return True


def _record(job: Job, old: Artifact | None, stored: Stored, key: str) -> bool:
    if old is not None:
        if stored.size_bytes == old.size_bytes:
            return False  # read between the other's commit and now: its chunks were gone
        values = {"size_bytes": stored.size_bytes, "sha256": stored.sha256, "store_key": key}
        return bool(Artifact.objects.filter(pk=old.pk, store_key=old.store_key).update(**values))
    row_of(job, key, stored.size_bytes, stored.sha256).save(force_insert=True)
    return True
