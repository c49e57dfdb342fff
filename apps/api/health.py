"""Is it alive, is it ready, and how much is there: for supervisors, load balancers and Prometheus."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.api.operators import is_local
from apps.artifacts.store import store
from apps.events import wake
from apps.runs.services.dispatch import queue_is_empty


@dataclass(frozen=True)
class Part:
    """Something that Hive stands on. Without one that is needed it is not ready."""

    name: str
    look: Callable[[], Any]
    needed: bool = True


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM runs_sweep")  # a table of ours: a database without migrations is not ready


PARTS = (
    Part("database", _database),
    Part("broker", lambda: queue_is_empty("manager")),
    Part("redis", lambda: wake.client().ping(), needed=False),  # live views look every second; limits let through
    Part("store", lambda: store().check()),
)


@never_cache
@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers; looks at nothing else."""
    return JsonResponse({"status": "alive"})


@never_cache
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """200 if everything that is needed answers, else 503; each part with how long it took.

    What a driver says names addresses and paths, so it is for who asks from this machine.
    """
    parts = {part.name: _look(part) for part in PARTS}
    if not is_local(request):
        for seen in parts.values():
            seen["message"] = "It does not answer; the web server's machine is told why." if seen["message"] else ""
    fails = [name for name, seen in parts.items() if seen["needed"] and not seen["ok"]]
    status = "not_ready" if fails else "ready" if all(seen["ok"] for seen in parts.values()) else "degraded"
    return JsonResponse({"status": status, "parts": parts}, status=503 if fails else 200)


def _look(part: Part) -> dict[str, Any]:
    began_at, message = time.perf_counter(), ""
    try:
        part.look()
    except Exception as error:  # whatever a driver raises, it means that the part is not there
        connection.close_if_unusable_or_obsolete()
        message = f"{type(error).__name__}: {error}"[:200]
    took_ms = round((time.perf_counter() - began_at) * 1000, 2)
    return {"ok": not message, "needed": part.needed, "took_ms": took_ms, "message": message}
