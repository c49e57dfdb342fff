"""The Celery app. Tasks are found in workers/<role>/tasks.py."""

from __future__ import annotations

import ctypes
import os
import signal
from typing import Any

from billiard.exceptions import WorkerLostError
from celery import Celery, signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hive.settings")

app = Celery("hive")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks([f"workers.{role}" for role in ("manager", "coding", "testing", "deployment", "monitoring")])

PR_SET_PDEATHSIG = 1


@signals.worker_process_init.connect
def die_with_the_worker(**_: Any) -> None:
    """A pool child whose worker was killed would go on alone, holding a lease that nobody supervises any more."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@signals.task_failure.connect
def give_back_leases(exception: BaseException, **_: Any) -> None:
    """The worker saw its child die in the middle of a job: have the manager end that job now, not when its lease does.

    By message: the worker's own process keeps no connection to the database that its next child could inherit.
    """
    if isinstance(exception, WorkerLostError):
        app.send_task("manager.reap", priority=0, ignore_result=True)
