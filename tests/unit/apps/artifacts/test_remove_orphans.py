"""Bytes that no row names go, once nobody can be about to write the row."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from apps.artifacts.queries import read_log
from apps.artifacts.services.archive_logs import archive_logs
from apps.artifacts.services.remove_orphans import remove_orphans
from apps.artifacts.services.save import save
from apps.artifacts.store.memory import MemoryStore
from apps.runs.models import Job
from apps.runs.services.active import ActiveJob


def test_only_old_bytes_without_a_row_go(
    memory: MemoryStore, begin_job: Callable[[], ActiveJob], ended_job: Callable[..., Job]
) -> None:
    kept = save(begin_job(), "tree.tar", "tree", io.BytesIO(b"kept"))
    job = ended_job(b"log")
    archive_logs()
    memory.put(io.BytesIO(b"left"), "runs/1/jobs/1/left")
    assert remove_orphans() == 0
    assert remove_orphans(timezone.now() + timedelta(days=2)) == 1
    assert b"".join(memory.get(kept.store_key)) == b"kept"
    assert b"".join(read_log(job.pk)) == b"log"
