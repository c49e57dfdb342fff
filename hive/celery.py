"""The Celery app. Tasks are found in workers/<role>/tasks.py."""

from __future__ import annotations

import ctypes
import os
import signal
from typing import Any

from billiard.exceptions import WorkerLostError
from celery import Celery, signals

from hive import alive
from hive.draining import Draining
from hive.wire import Wire

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hive.settings")

app = Celery("hive", amqp=Wire)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks([f"workers.{role}" for role in ("manager", "coding", "testing", "deployment", "monitoring")])

app.steps["consumer"].add(Draining)

PR_SET_PDEATHSIG = 1


@signals.celeryd_after_setup.connect
def introduce(sender: str, instance: Any, **_: Any) -> None:
    """Before the pool is forked: its processes say of this worker that it is there."""
    from apps.runs.services.presence import presence

    presence.introduce(sender, list(instance.app.amqp.queues.consume_from), instance.concurrency or 1)


@signals.worker_process_init.connect
def die_with_the_worker(**_: Any) -> None:
    """A pool child whose worker was killed would go on alone, holding a lease that nobody supervises any more."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@signals.worker_process_init.connect
def begin_pulse(**_: Any) -> None:
    """Also without a job: a worker that does nothing is there too, and sees that it is drained."""
    from apps.runs.services.heartbeat import pulse

    pulse.begin()


@signals.heartbeat_sent.connect
def worker_lives(**_: Any) -> None:
    """Every two seconds, by the worker's own loop, as long as it is connected to the broker."""
    alive.touch("worker")


@signals.after_task_publish.connect
def beat_lives(**_: Any) -> None:
    """The sweep is due every few seconds, so a beat that has not published for a minute is stuck."""
    alive.touch("beat")


@signals.task_failure.connect
def give_back_leases(exception: BaseException, **_: Any) -> None:
    """The worker saw its child die in the middle of a job: have the manager end that job now, not when its lease does.

    By message: the worker's own process keeps no connection to the database that its next child could inherit.
    """
    if isinstance(exception, WorkerLostError):
        app.send_task("manager.reap", priority=0, ignore_result=True)
