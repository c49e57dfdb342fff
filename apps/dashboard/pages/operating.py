"""Queues and workers, for operators: what waits, who works, and buttons that hold either."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from apps.dashboard.answers import said
from apps.dashboard.reads.numbers import whole_number
from apps.dashboard.visitor import page, require_operator
from apps.runs.models import Worker
from apps.runs.overview import COUNTED, queues_now, workers_now
from apps.runs.plan.workflows import ROLES
from apps.runs.services.drain import drain_worker, left_without, resume_worker
from apps.runs.services.pause import pause_queue, resume_queue

HERE = "dashboard:operating"
# How long a pause may be, in minutes; longer ones end by hand.
SPANS = {"": "Until somebody resumes it", "30": "30 minutes", "120": "2 hours", "480": "8 hours", "1440": "1 day"}
LONGEST_MIN = 366 * 24 * 60


@page("GET")
def operating(request: HttpRequest) -> HttpResponse:
    """The whole page; or what changes of it, where the page itself asks for it anew."""
    require_operator(request)
    workers = workers_now()
    context = {
        "queues": queues_now(workers),
        "workers": workers,
        "spans": SPANS,
        "counted": COUNTED,
        "flower_url": settings.FLOWER_URL,
    }
    part = request.headers.get("HX-Target") == "operating"
    return render(request, f"dashboard/operating/{'_now' if part else 'page'}.html", context)


@page("POST")
def pause(request: HttpRequest, role: str) -> HttpResponse:
    user = require_operator(request)
    _known(role)
    minutes = whole_number(request.POST.get("minutes"))
    until = timezone.now() + timedelta(minutes=min(minutes, LONGEST_MIN)) if minutes else None
    pause_queue(role, user, request.POST.get("reason", "").strip(), until)
    return said(request, f"The queue {role} is paused: what runs goes on, and nothing more begins.", HERE)


@page("POST")
def resume(request: HttpRequest, role: str) -> HttpResponse:
    user = require_operator(request)
    _known(role)
    done = resume_queue(role, user)
    text = f"The queue {role} goes on; what waited is sent again." if done else f"The queue {role} was not paused."
    return said(request, text, HERE, ok=done)


@page("POST")
def drain(request: HttpRequest, worker_id: int) -> HttpResponse:
    user = require_operator(request)
    worker = get_object_or_404(Worker, pk=worker_id)
    if not drain_worker(worker, user):
        return said(request, f"{worker} was drained already.", HERE, ok=False)
    alone = left_without(worker)
    warning = f" Nobody else takes from: {', '.join(alone)}." if alone else ""
    return said(request, f"{worker} finishes what it does and takes no more.{warning}", HERE)


@page("POST")
def resume_drained(request: HttpRequest, worker_id: int) -> HttpResponse:
    user = require_operator(request)
    worker = get_object_or_404(Worker, pk=worker_id)
    done = resume_worker(worker, user)
    text = f"{worker} takes jobs again, within ten seconds." if done else f"{worker} was not drained."
    return said(request, text, HERE, ok=done)


def _known(role: str) -> None:
    if role not in ROLES:
        raise Http404
