"""advance(run): look at the run, and publish what is due. The only brain; anybody may call it, at any time."""

from __future__ import annotations

from apps.events.lifecycle import MoveLost
from apps.runs.models import Run
from apps.runs.services.advance import decide_and_prepare
from apps.runs.services.dispatch import publish
from apps.runs.services.outage import outlast
from workers.manager import canvas


def advance(run_id: int) -> None:
    """Decide, and hand out the work. A process that dies after the decision leaves it to the sweep."""
    try:
        waves = outlast(lambda: decide_and_prepare(run_id), "advance")
    except MoveLost:
        return  # somebody else advanced the run at the same moment, and published what is due
    if waves:
        priority = Run.objects.values_list("priority", flat=True).get(pk=run_id)
        publish(lambda: canvas.publish(run_id, waves, priority), "canvas", (run_id,))
