"""perform(): every job of every role goes through here: claim, work, record how it ended."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections, connection

from apps.runs.outcome import JobFailed, Outcome, canceled, failed
from apps.runs.services.active import ActiveJob
from apps.runs.services.claim import claim, may_go_on
from apps.runs.services.drain import hand_back
from apps.runs.services.finish import finish
from apps.runs.services.heartbeat import pulse
from apps.runs.services.output import LeaseLost
from apps.runs.services.presence import presence, worker_name
from apps.runs.states import Reason

logger = logging.getLogger(__name__)

Work = Callable[[ActiveJob], Outcome]


def perform(job_id: int, epoch: int, work: Work) -> bool:
    """Do one job. True when the canvas may go on: this job is completed, now or before, under this epoch."""
    close_old_connections()
    row = claim(job_id, epoch, worker_name(), presence.node)
    if row is None:
        go_on = may_go_on(job_id, epoch)
        if not go_on:
            hand_back(job_id, epoch)
        return go_on
    active = ActiveJob(row)
    pulse.watch(active)
    try:
        outcome = attempt(active, work)
        return _until_the_lease_ends(lambda: finish(active, outcome, epoch))
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


def _until_the_lease_ends(record: Callable[[], bool]) -> bool:
    """Try to record the end while the database is away; a step that is done should not be done again for that."""
    give_up = time.monotonic() + settings.LEASE_S
    while True:
        try:
            return record()
        except DatabaseError as error:
            if time.monotonic() > give_up:
                raise
            logger.warning("action=finish database away (%s); trying again", error)
            connection.close()
            time.sleep(0.5)
