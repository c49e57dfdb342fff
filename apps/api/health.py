"""Is it alive, is it ready, and how much is there: for supervisors, load balancers and Prometheus."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.api.looks import Looker, Part, Seen
from apps.api.operators import is_local
from apps.artifacts.store import store
from apps.events import wake
from apps.runs.services.dispatch import queue_is_empty


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM runs_sweep")  # a table of ours: a database without migrations is not ready


LOOKER = Looker(
    (
        Part("database", _database),
        Part("broker", lambda: queue_is_empty("manager")),
        Part("redis", lambda: wake.client().ping(), needed=False),  # live views look every second; limits let through
        Part("store", lambda: store().check()),
    )
)
AWAY = {
    "database": "The database does not answer; nothing can be read or recorded.",
    "broker": "The broker does not answer; what is due is recorded, and sent when it is back.",
    "redis": "Redis does not answer; live pages look once a second, and no rate is limited.",
    "store": "The artifact store does not answer; jobs cannot keep files, and none can be downloaded.",
}


@never_cache
@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers; looks at nothing else."""
    return JsonResponse({"status": "alive"})


@never_cache
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """200 if everything that is needed answers, else 503, within PATIENCE_S; each part with its latency.

    What a driver says names addresses and paths, so it is for who asks from this machine.
    """
    local, found = is_local(request), LOOKER.look()
    parts = {seen.part.name: _show(seen, local) for seen in found}
    fails = [seen for seen in found if seen.part.needed and not seen.ok]
    status = "not_ready" if fails else "ready" if all(seen.ok for seen in found) else "degraded"
    return JsonResponse({"status": status, "parts": parts}, status=503 if fails else 200)


def _show(seen: Seen, local: bool) -> dict[str, Any]:
    message = "" if seen.ok else AWAY[seen.part.name] + (f" {seen.message}" if local else "")
    return {"ok": seen.ok, "needed": seen.part.needed, "latency_ms": seen.latency_ms, "message": message}
