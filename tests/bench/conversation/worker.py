"""The process of Hive's side that does the job, as a worker would, and nothing else: it imports nothing of the bench.

It ends as a worker's process does (billiard's of Celery, too): without taking its interpreter to pieces, when all is
committed.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from workers.llm.apart.line import begin


def main(place: Path) -> None:
    begin()  # a model is configured, and this process is there for nothing else
    import django

    django.setup()
    from apps.events.models import Event
    from apps.runs.models import Job, Run
    from apps.runs.services.perform import perform
    from workers.coding.write import write

    run = Run.objects.get()
    job = Job.objects.create(run=run, task=run.tasks.get(), step="coding.code", role="coding")
    perform(job.pk, run.epoch, write)
    job.refresh_from_db()
    if job.status != "completed":
        raise SystemExit(f"The job ended {job.status}: {job.message}")
    ends = [event.at.timestamp() for event in Event.objects.filter(type="tool_end").order_by("number")]
    (place / "ends.json").write_text(json.dumps(ends))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
    sys.stdout.flush()
    os._exit(0)
