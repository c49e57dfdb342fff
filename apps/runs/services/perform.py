"""perform(): every job of every role goes through here: claim, work, record how it ended."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import Error as DatabaseError
from django.db import close_old_connections

from apps.runs.outcome import JobFailed, Outcome, canceled, failed
from apps.runs.services.active import ActiveJob
from apps.runs.services.claim import claim, may_go_on
from apps.runs.services.drain import hand_back
from apps.runs.services.finish import finish
from apps.runs.services.heartbeat import pulse
from apps.runs.services.outage import outlast
from apps.runs.services.output import LeaseLost
from apps.runs.services.presence import presence, worker_name
from apps.runs.states import Reason

logger = logging.getLogger(__name__)

Work = Callable[[ActiveJob], Outcome]


def perform(job_id: int, epoch: int, work: Work) -> bool:
    """Do one job. True when the canvas may go on: this job is completed, now or before, under this epoch."""
    close_old_connections()
    row = outlast(lambda: claim(job_id, epoch, worker_name(), presence.node), "claim")
    if row is None:
        go_on = outlast(lambda: may_go_on(job_id, epoch), "claim")
        if not go_on:
            hand_back(job_id, epoch)
        return go_on
    active = ActiveJob(row)
    pulse.watch(active)
    try:
        outcome = attempt(active, work)
        return _record(active, outcome, epoch)
    except LeaseLost:
        logger.warning("action=finish job=%s the lease was lost; nothing was recorded", job_id)
        return False
    finally:
        pulse.unwatch(active)


def attempt(active: ActiveJob, work: Work) -> Outcome:
    """Run the work and say how it ended. A bug in Hive is `infrastructure`: recorded, logged, and tried again."""
    try:
        outcome = work(active)
    except JobFailed as failure:
        outcome = failure.outcome
    except LeaseLost:
        raise
    except Exception as error:
        logger.exception("action=work job=%s step=%s failed", active.row.pk, active.row.step)
        if not active.stopping:
            outcome = failed(Reason.INFRASTRUCTURE, f"{type(error).__name__}: {error}")
    stop = active.stopping
    return outcome if stop is None else _stopped(stop.reason, stop.message)


def _stopped(reason: str, message: str) -> Outcome:
    if reason == Reason.LOST:
        raise LeaseLost(message)
    return canceled(reason, message)


def _record(active: ActiveJob, outcome: Outcome, epoch: int) -> bool:
    """finish(), also while the database is away for a moment: a step that is done should not be done again for that.

    A connection that breaks while it commits leaves open whether it did. The next try then finds the lease gone, and
    looks whether the job is completed.
    """
    unclear = False

    def once() -> bool:
        nonlocal unclear
        try:
            return finish(active, outcome, epoch)
        except LeaseLost:
            if unclear and may_go_on(active.row.pk, epoch):
                return True
            raise
        except DatabaseError:
            unclear = True
            raise

    return outlast(once, "finish")
