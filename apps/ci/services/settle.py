"""settle(): go on with a CI run from where one of its jobs has ended, without a message to the manager and back.

No canvas: cells do not wait for one another, and each message is sent when its job can begin. What is lost is published
again by the sweep, by a canvas as for every run.
"""

from __future__ import annotations

from apps.events.lifecycle import MoveLost
from apps.runs.plan.workflows import CI
from apps.runs.services import dispatch
from apps.runs.services.advance import decide_and_prepare
from apps.runs.services.outage import outlast
from apps.runs.services.publish import Messages
from apps.sql.execute import carried_out

ABOUT = (
    "SELECT j.run_id, j.step, r.priority,"
    " EXISTS (SELECT 1 FROM runs_job o WHERE o.run_id = j.run_id AND o.status IN ('queued', 'running'))"
    " FROM runs_job j JOIN runs_run r ON r.id = j.run_id WHERE j.id = %s"
)


def settle(job_id: int) -> None:
    """Look at the job's run, unless others of its cells are under way: the last one does."""
    with carried_out(ABOUT, [job_id]) as cursor:
        run_id, step, priority, is_open = cursor.fetchone()
    if step == CI and is_open:
        return
    try:
        messages = outlast(lambda: decide_and_prepare(run_id), "settle")
    except MoveLost:
        return  # somebody else has published what is due at the same moment
    hand_out(messages, priority)


def hand_out(messages: Messages | None, priority: int) -> None:
    """Send what can begin now, on commit; what follows is sent by who finishes it."""
    for chain in messages[0] if messages else ():
        dispatch.on_commit(chain[0].step, chain[0].job_id, chain[0].epoch, priority=priority)
