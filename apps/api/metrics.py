"""/metrics: what there is, in Prometheus's text format.

It tells of the whole installation, so it is for operators. Counted at most every CACHE_S, however often it is asked.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu.exceptions import KombuError

from apps.api.auth import SCHEME
from apps.api.operators import is_operator
from apps.api.problems import problem
from apps.events.stream import readers_now
from apps.runs.models import Job, Run
from apps.runs.plan.workflows import ROLES
from apps.runs.services.dispatch import queue_lengths
from apps.runs.states import JobStatus, RunStatus

CACHE_S = 5.0
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_lock = threading.Lock()
_counted: tuple[float, str] = (0.0, "")


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    if not is_operator(request):
        return problem(401, "not_authenticated", "Metrics are for operators.", {"WWW-Authenticate": SCHEME})
    return HttpResponse(_counts() + _own(), content_type=CONTENT_TYPE)


def _counts() -> str:
    global _counted
    with _lock:
        counted_at, text = _counted
        if time.monotonic() - counted_at > CACHE_S or not text:
            text = "".join([*_by_status("runs", Run, RunStatus), *_by_status("jobs", Job, JobStatus), *_queues()])
            _counted = time.monotonic(), text
        return text


def _by_status(name: str, model: type[Run] | type[Job], statuses: Iterable[str]) -> Iterator[str]:
    rows = model._default_manager.order_by().values_list("status").annotate(count=Count("pk"))
    found = dict(rows)
    yield f"# HELP hive_{name} How many {name} there are.\n# TYPE hive_{name} gauge\n"
    for status in statuses:
        yield f'hive_{name}{{status="{status}"}} {found.get(status, 0)}\n'


def _queues() -> Iterator[str]:
    yield "# HELP hive_queue_length Messages that no worker has taken.\n# TYPE hive_queue_length gauge\n"
    try:
        lengths = queue_lengths(ROLES)
    except (KombuError, ConnectionError, OSError):
        return  # the broker is away: no number is better than a wrong one
    for role, length in lengths.items():
        yield f'hive_queue_length{{queue="{role}"}} {length}\n'


def _own() -> str:
    about = (
        "# HELP hive_stream_readers Live streams that this web server holds open.\n# TYPE hive_stream_readers gauge\n"
    )
    return f"{about}hive_stream_readers {readers_now()}\n"
