"""Wake-ups through Redis/Valkey: "look at the table again". Losing one costs a reader a second, never an event."""

from __future__ import annotations

import logging
import time
from functools import cache

import redis
from django.conf import settings

logger = logging.getLogger(__name__)

_silent_until = 0.0


@cache
def client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)


def run_channel(run_id: int) -> str:
    return f"hive:run:{run_id}"


def log_channel(job_id: int) -> str:
    return f"hive:log:{job_id}"


FLEET = "hive:fleet"
STOPS = "hive:stops"


def fleet() -> None:
    """Tell those who wait for work on behalf of agents that there may be some."""
    _publish(FLEET)


def stops() -> None:
    """Tell those who speak for holders of jobs that a run is to stop."""
    _publish(STOPS)


def run(run_id: int) -> None:
    """Tell readers that the run has new events or changed."""
    _publish(run_channel(run_id))


def log(job_id: int) -> None:
    """Tell readers that the job has printed something or ended."""
    _publish(log_channel(job_id))


def _publish(channel: str) -> None:
    """Publish and never fail: the rows are committed, and readers look by themselves every second or so."""
    global _silent_until
    if time.monotonic() < _silent_until:
        return
    try:
        client().publish(channel, b"")
    except redis.RedisError as error:
        _silent_until = time.monotonic() + 1
        logger.warning("action=wake channel=%s failed: %s", channel, error)
