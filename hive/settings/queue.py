"""Celery: broker, routes and the settings that matter for long jobs. The reasons stand in docs/broker.md.

A job's fate is in the database (lease, sweep), so a message that dies with its worker is not missed, and one that comes
again changes nothing. What depends on the kind of broker stands in broker.py.
"""

from __future__ import annotations

from typing import Any

from kombu import Queue

from hive import env
from hive.home import Home
from hive.settings import broker

ROLES = ("manager", "coding", "testing", "deployment", "monitoring")

_socket = Home(env.get("HIVE_HOME")).socket("valkey")
REDIS_URL: str = env.get("HIVE_REDIS_URL") or f"unix://{_socket}?db=1"

CELERY_BROKER_URL: str = env.get("HIVE_BROKER_URL") or f"redis+socket://{_socket}?virtual_host=0"
_kind = broker.kind_of(CELERY_BROKER_URL)
CELERY_RESULT_BACKEND = "django-db"
CELERY_CACHE_BACKEND = "default"

CELERY_TASK_QUEUES = [Queue(role, queue_arguments=_kind.queue_arguments) for role in ROLES]
CELERY_TASK_ROUTES = {f"{role}.*": {"queue": role} for role in ROLES}
CELERY_TASK_DEFAULT_QUEUE = "manager"
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = _kind.acks_late
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SEND_SENT_EVENT = True

CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_DISABLE_PREFETCH = not _kind.acks_late
# After a reconnect Celery would take fewer messages for a while; on a quorum queue, for ever.
CELERY_WORKER_ENABLE_PREFETCH_COUNT_REDUCTION = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CONSUMER = "hive.consumer:Consumer"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_CHANNEL_ERROR_RETRY = True
CELERY_BROKER_HEARTBEAT = broker.HEARTBEAT_S
CELERY_BROKER_TRANSPORT_OPTIONS = _kind.transport_options
CELERY_TASK_DEFAULT_PRIORITY = 3
CELERY_RESULT_EXPIRES = 24 * 3600
# Connections to the database are kept between tasks; perform() closes one that broke.
CELERY_DB_REUSE_MAX = 1_000_000_000

CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 5


# Beat writes down when a tick expires by its clock, and the worker looks at its own: no difference between two machines
# may make every tick look old. Ticks that nobody takes pile up for this long; one that comes late does next to nothing.
TICK_LIVES_S = 600


def _every(task: str, seconds: float) -> dict[str, Any]:
    """A tick ahead of the queue."""
    whole = max(round(seconds), 1)
    return {"task": task, "schedule": whole, "options": {"priority": 0, "expire_seconds": whole + TICK_LIVES_S}}


# Written into the database when beat starts; an operator can switch an entry off in admin.
CELERY_BEAT_SCHEDULE = {
    "hive: sweep": _every("manager.sweep", env.get("HIVE_SWEEP_S")),
    "hive: probe releases": _every("monitoring.probe", max(env.get("HIVE_PROBE_S") / 5, 1)),
    "hive: tidy work folder": _every("coding.tidy", 600),
    "hive: tidy releases": _every("deployment.tidy", 300),
    "hive: archive logs": _every("monitoring.archive_logs", 10),
    "hive: prune": _every("monitoring.prune", 3600),  # does nothing where HIVE_PRUNE_DAYS is 0
    "hive: expire artifacts": _every("monitoring.expire_artifacts", 60),
    "hive: expire memory": _every("monitoring.expire_memory", 3600),
    "hive: remove orphaned artifacts": _every("monitoring.remove_orphans", 24 * 3600),
}
