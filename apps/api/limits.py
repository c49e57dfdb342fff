"""How often somebody may ask: so many requests per window, counted in Redis/Valkey for all web servers together.

The window is fixed: at its turn twice the number may come at once, which protects a server as well as a sliding one
and costs one round trip. With Redis away everybody is let through: a limit is no reason to be down.
"""

from __future__ import annotations

import logging
import time
from functools import cache
from typing import Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

logger = logging.getLogger(__name__)

TIMEOUT_S = 0.25
SILENT_S = 5.0

_silent_until = 0.0


class RateLimit(BaseThrottle):
    """Per key, or per person; who is nobody has been refused before. Leaves the headers with the view."""

    def allow_request(self, request: Request, view: Any) -> bool:
        limit, window_s = settings.API_RATE
        if limit == 0 or request.user is None:
            return True
        who = f"key:{request.auth.pk}" if request.auth else f"user:{request.user.pk}"
        window, passed_s = divmod(time.time(), window_s)
        self.left_s = window_s - passed_s
        count = _count(f"hive:rate:{who}:{window:.0f}", window_s)
        if count is None:
            return True
        view.rate_headers = {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(max(limit - count, 0)),
            "X-RateLimit-Reset": str(int(self.left_s) + 1),
        }
        return count <= limit

    def wait(self) -> float:
        return self.left_s + 1


def _count(name: str, window_s: int) -> int | None:
    """This request's number in the window; None while Redis is away."""
    global _silent_until
    if time.monotonic() < _silent_until:
        return None
    try:
        with _client().pipeline(transaction=False) as pipe:
            pipe.incr(name)
            pipe.expire(name, window_s)
            return int(pipe.execute()[0])
    except redis.RedisError as error:
        _silent_until = time.monotonic() + SILENT_S
        logger.warning("action=rate_limit not counting for %s s: %s", SILENT_S, error)
        return None


@cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, retry=Retry(NoBackoff(), 0)
    )
