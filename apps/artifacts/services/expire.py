"""expire_artifacts(): what is older than its kind is kept goes, row first, then the bytes.

A death in between leaves bytes that no row names, which remove_orphans() finds; a row whose bytes are gone never
exists. Of two that do this at once, both delete the same, which is no error. Nothing goes of a run that has not ended.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone

from apps.artifacts.models import Artifact
from apps.artifacts.retention import kept_for
from apps.artifacts.services.save import discard
from apps.artifacts.store import StoreUnavailable, store
from apps.runs.states import RUN_ENDED

logger = logging.getLogger(__name__)

PASS_S = 2.0  # a pass holds a process that also probes releases; the rest is for the next one
BATCH = 100


def expire_artifacts(now: datetime | None = None) -> int:
    """One pass, oldest first; returns how many have gone. With the store away nothing goes."""
    until, removed = time.monotonic() + PASS_S, 0
    try:
        store().check()
    except StoreUnavailable as error:
        logger.warning("action=expire %s The next pass tries again.", error)
        return 0
    for kind in Artifact.Kind.values:
        while time.monotonic() < until and (keys := _take(_due(kind, now or timezone.now()))):
            for key in keys:
                discard(key)
            removed += len(keys)
    if removed:
        logger.info("action=expire removed=%s", removed)
    return removed


def _due(kind: str, now: datetime) -> QuerySet[Artifact]:
    span = kept_for(kind)
    if span is None:
        return Artifact.objects.none()
    return Artifact.objects.filter(kind=kind, created_at__lt=now - span, run__status__in=RUN_ENDED).order_by(
        "created_at"
    )


def _take(due: QuerySet[Artifact]) -> list[str]:
    """The rows of one batch go; the keys of their bytes."""
    batch = dict(due.values_list("pk", "store_key")[:BATCH])
    Artifact.objects.filter(pk__in=batch).delete()
    return list(batch.values())
