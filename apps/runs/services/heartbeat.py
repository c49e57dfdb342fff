"""Pulse: the thread that renews leases, stores waiting output and sees requests to stop, whatever the work does."""

from __future__ import annotations

import logging
import os
import threading
import time
from datetime import timedelta

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.models import OuterRef, Subquery

from apps.events import clock
from apps.runs.models import Job, Steering
from apps.runs.plan.workflows import TEST
from apps.runs.services.active import ActiveJob
from apps.runs.services.output import LeaseLost
from apps.runs.services.presence import BEAT_S, presence
from apps.runs.states import JobStatus, Reason

logger = logging.getLogger(__name__)

TICK_S = 0.25
LOOK_S = 0.5  # how often a job looks whether it is to stop


def renew(job_id: int, lease_token: str) -> bool:
    """Prolong the lease from now. False if it is not ours any more."""
    expires = clock.now() + timedelta(seconds=settings.LEASE_S)
    held = Job.objects.filter(pk=job_id, lease_token=lease_token, status=JobStatus.RUNNING)
    return bool(held.update(lease_expires_at=expires))


class Heart:
    """The beat of one job. With the database away it goes on trying until the lease must have run out."""

    def __init__(self, active: ActiveJob) -> None:
        self.active = active
        self.renewed = self.looked = time.monotonic()

    def beat(self) -> None:
        try:
            self._beat(time.monotonic())
        except LeaseLost:
            self.active.lose()
        except DatabaseError as error:
            connection.close()
            logger.warning("action=heartbeat job=%s database away: %s", self.active.row.pk, error)
            if time.monotonic() - self.renewed > settings.LEASE_S:
                self.active.lose()

    def _beat(self, now: float) -> None:
        if now - self.looked >= LOOK_S:
            self._look()
            self.looked = now
        if now - self.renewed >= settings.LEASE_S / 3:
            if not renew(self.active.row.pk, self.active.row.lease_token):
                raise LeaseLost
            self.renewed = now
        self.active.log.tick()

    def _look(self) -> None:
        row = self.active.row
        handed = Steering.objects.filter(job=OuterRef("pk"), kind=Steering.Kind.HAND_OFF, done_at=None)
        asked = (
            Job.objects.filter(pk=row.pk, lease_token=row.lease_token, status=JobStatus.RUNNING)
            .annotate(handed=Subquery(handed.values("text")[:1]))
            .values_list("run__stop_reason", "run__stop_message", "handed")
            .first()
        )
        if asked is None:
            raise LeaseLost
        reason, message, handed_off = asked
        if reason:
            self.active.stop(reason, message)
        elif handed_off is not None and row.step == TEST:  # others are asked between their steps
            self.active.stop(Reason.HANDED_OFF, handed_off or "A person handed it back to coding.")


class Pulse:
    """One thread per process, also for its worker's presence; it survives forks by noticing that it did not."""

    def __init__(self) -> None:
        self._pid = 0

    def watch(self, active: ActiveJob) -> None:
        self.begin()
        with self._lock:
            self._hearts[active.row.pk] = Heart(active)
        self._wanted.set()

    def begin(self) -> None:
        """A thread, a lock and a list of this process: its parent's did not come along at the fork."""
        if self._pid == os.getpid():
            return
        self._pid = os.getpid()
        self._hearts: dict[int, Heart] = {}
        self._lock = threading.Lock()
        self._wanted = threading.Event()
        threading.Thread(target=self._run, name="hive-pulse", daemon=True).start()

    def unwatch(self, active: ActiveJob) -> None:
        with self._lock:
            self._hearts.pop(active.row.pk, None)
            if not self._hearts:
                self._wanted.clear()

    def _run(self) -> None:
        while True:
            presence.beat()
            self._wanted.wait(BEAT_S if presence.node else None)
            time.sleep(TICK_S)
            with self._lock:
                hearts = list(self._hearts.values())
            for heart in hearts:
                try:
                    heart.beat()
                except Exception:
                    logger.exception("action=heartbeat job=%s failed", heart.active.row.pk)


pulse = Pulse()
