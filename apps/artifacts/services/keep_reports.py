"""keep_reports(): the report of every build that has ended becomes two artifacts, for as long as artifacts are kept.

1. put both files under fresh keys            a death here leaves bytes that no row names; remove_orphans() finds them
2. one transaction: the run is reported,      of two that come here, the first wins and the other takes its bytes back
   and both rows are there

The rows belong to the run's last job. A run that has ended gets no further one, and its records change no more.
"""

from __future__ import annotations

import logging
import secrets
import time

from django.db import transaction

from apps.artifacts.models import Artifact
from apps.artifacts.services.save import discard
from apps.artifacts.store import Stored, StoreError, store
from apps.runs.models import Run
from apps.runs.plan.workflows import BUILDS
from apps.runs.report import report_of
from apps.runs.report_texts import as_json, as_markdown
from apps.runs.states import RUN_ENDED

logger = logging.getLogger(__name__)

FILES = {
    "run-report.md": ("text/markdown; charset=utf-8", as_markdown),
    "run-report.json": ("application/json", as_json),
}
PASS_S = 2.0  # a pass holds a process that also probes releases; the rest is for the next one
BATCH = 50


def keep_reports() -> int:
    """One pass over the builds that have ended without a report, oldest first; returns how many have one now."""
    until, kept = time.monotonic() + PASS_S, 0
    due = Run.objects.filter(reported=False, status__in=RUN_ENDED, workflow__in=BUILDS)
    for run in due.select_related("project").order_by("finished_at")[:BATCH]:
        try:
            kept += keep_report(run)
        except StoreError as error:
            logger.warning("action=report run=%s %s The next pass tries again.", run.pk, error)
            break
        if time.monotonic() > until:
            break
    return kept


def keep_report(run: Run) -> bool:
    """Keep what the run, which has ended, is known to have done. False if somebody else did so meanwhile."""
    job_id, lines = run.jobs.order_by("pk").values_list("pk", flat=True).last(), report_of(run)
    kept: dict[str, tuple[str, Stored]] = {}
    counts = False
    try:
        if job_id is not None:
            for name, (_, written) in FILES.items():
                key = f"runs/{run.pk}/jobs/{job_id}/{secrets.token_hex(16)}"
                kept[name] = (key, store().put(iter([written(run, lines)]), key))
        counts = _record(run, job_id, kept)
    finally:
        for key, _ in () if counts else kept.values():
            discard(key)
    return counts


def _record(run: Run, job_id: int | None, kept: dict[str, tuple[str, Stored]]) -> bool:
    with transaction.atomic():
        if not Run.objects.filter(pk=run.pk, reported=False).update(reported=True):
            return False
        Artifact.objects.bulk_create(
            Artifact(
                run=run,
                job_id=job_id,
                name=name,
                kind=Artifact.Kind.REPORT,
                size_bytes=stored.size_bytes,
                sha256=stored.sha256,
                store_key=key,
                content_type=FILES[name][0],
            )
            for name, (key, stored) in kept.items()
        )
    return True
