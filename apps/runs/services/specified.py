"""specified(): a run of a story gets the spec that the manager has written. Part of the end of that job."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from apps.runs.models import Job, Priority, Run
from apps.runs.spending.limits import tighten
from apps.specs.services import keep
from apps.specs.validate import check

OWN_ENGINE = "model"  # of a story whose spec names none: what a model has planned, a model writes


def specified(job: Job, seen: dict[str, Any]) -> None:
    """Keep the spec, with the story it came from, and let the run be one of it. Call in finish()'s transaction.

    What was asked for when the run was started counts before the spec: its engine, and the smaller budget.
    """
    run = Run.objects.select_related("project", "created_by").get(pk=job.run_id)
    version = keep(run.project, check(seen["spec"]), run.created_by, story=run.story)
    data = version.data
    started_at = run.started_at or run.created_at
    Run.objects.filter(pk=run.pk).update(
        spec_version=version,
        title=data["title"],
        engine=run.engine or data.get("engine") or OWN_ENGINE,
        priority=Priority[str(data["priority"]).upper()],
        deadline_at=started_at + timedelta(seconds=data["timeout"]),
    )
    tighten(Run.objects.select_related("spec_version").get(pk=run.pk))
