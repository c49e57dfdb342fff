"""remove_orphans(): bytes that no row names, left by processes that died between the bytes and the row."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils import timezone

from apps.artifacts.models import Artifact
from apps.artifacts.services.save import discard
from apps.artifacts.store import store
from apps.runs.models import Job
from apps.runs.plan.workflows import IN_THE_STORE
from apps.runs.states import RUN_ENDED, JobStatus

logger = logging.getLogger(__name__)

GRACE = timedelta(days=1)  # nobody takes so long between the bytes and the row
BATCH = 500
OURS = ("logs/", "packages/", "runs/")  # what else lies in the store, somebody else has put there


def _on_the_way() -> Iterator[str]:
    """What runs that go on have packed for agents, and got back: no row names it but the outcome of that job."""
    packed = Job.objects.filter(step__in=IN_THE_STORE, status=JobStatus.COMPLETED).exclude(run__status__in=RUN_ENDED)
    for outcome in packed.values_list("outcome", flat=True):
        yield outcome.get("package", {}).get("source", "")


def remove_orphans(now: datetime | None = None) -> int:
    """One pass over the whole store; returns how many keys went. Safe to run twice at once."""
    before = (now or timezone.now()) - GRACE
    opened = store()
    on_the_way = set(_on_the_way())
    found = itertools.chain.from_iterable(opened.list(prefix) for prefix in OURS)
    old = (info.key for info in found if info.modified_at < before)
    removed = 0
    while keys := list(itertools.islice(old, BATCH)):
        for key in (
            set(keys)
            - on_the_way
            - set(Artifact.objects.filter(store_key__in=keys).values_list("store_key", flat=True))
        ):
            discard(key)
            removed += 1
    removed += opened.remove_partials(before)
    if removed:
        logger.info("action=remove_orphans removed=%s", removed)
    return removed
