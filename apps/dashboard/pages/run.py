"""A run's page, whole and in parts. Each part is asked for by itself when the run's stream says that it changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render

from apps.artifacts.queries import log_size
from apps.artifacts.retention import log_is_gone
from apps.artifacts.store import StoreError
from apps.dashboard.reads import event_list, run_page
from apps.dashboard.reads.evidence import evidence_of
from apps.dashboard.reads.numbers import whole_number
from apps.dashboard.reads.releases import releases_of
from apps.dashboard.reads.run_rows import RunRows
from apps.dashboard.reads.timeline import timeline_of
from apps.dashboard.reads.usage import usage_of
from apps.dashboard.visitor import page, rights_of, visitor
from apps.events import clock
from apps.events.queries import last_number
from apps.runs.models import Job, Run
from apps.runs.queries import visible_run

Context = dict[str, Any]


def find_run(request: HttpRequest, run_id: int, *, with_spec: bool = False) -> Run:
    """The run, if this person may see it; 404 otherwise. Its spec may be large: it is read where it is needed."""
    runs = visible_run(visitor(request), run_id).select_related(
        "project__organisation", "spec_version__spec", "created_by"
    )
    unread = ["spec_version__text"] if with_spec else ["spec_version__text", "spec_version__data"]
    return get_object_or_404(runs.defer(*unread))


@page("GET")
def run(request: HttpRequest, run_id: int) -> HttpResponse:
    found = find_run(request, run_id, with_spec=True)
    # Read before the parts: what happens while they are read is told again by the stream, and nothing is missed.
    context: Context = {"run": found, "seen": last_number(found.pk)}
    rows = RunRows(found)
    for build in PARTS.values():
        context |= build(rows, request.GET)
    return render(request, "dashboard/run/page.html", context | _rights(request, found))


@page("GET")
def part(request: HttpRequest, run_id: int, name: str) -> HttpResponse:
    if name not in PARTS:
        raise Http404
    found = find_run(request, run_id)
    context = {"run": found, **PARTS[name](RunRows(found), request.GET), **_rights(request, found)}
    return render(request, f"dashboard/run/_{name}.html", context)


def _rights(request: HttpRequest, found: Run) -> Context:
    return {"may_change": rights_of(request).may_change(found.project.organisation_id)}


def _log(rows: RunRows, query: QueryDict) -> Context:
    """The log of the job that was chosen, or else of the one that a visitor wants to see first."""
    chosen = whole_number(query.get("job"))
    job = rows.run.jobs.select_related("task").filter(pk=chosen).first() if chosen else None
    job = job or rows.job_to_show()
    return {"job": job, "chosen": bool(job and job.pk == chosen), **log_context(job)}


def log_context(job: Job | None) -> Context:
    """With the store away the rest of the page is worth showing all the same."""
    size = log_size(job.pk) if job else 0
    gone = job is not None and not size and log_is_gone(job, clock.now())
    context: Context = {"log_size": size, "log_tail": "", "log_gone": gone}
    try:
        return context | {"log_tail": run_page.log_tail(job, size) if job and size else ""}
    except StoreError:
        return context | {"log_away": True}


def _artifacts(rows: RunRows, _: QueryDict) -> Context:
    shown, more = run_page.artifacts_of(rows.run)
    return {"artifacts": shown, "more_artifacts": more}


def _events(rows: RunRows, query: QueryDict) -> Context:
    window = {name: whole_number(query.get(name)) for name in ("show", "before")}
    listed = event_list.events_of(rows, query.get("type", ""), window["show"], window["before"])
    return {"events": listed, "kinds": event_list.KINDS}


PARTS: Mapping[str, Callable[[RunRows, QueryDict], Context]] = {
    "head": lambda rows, _: {"head": run_page.head_of(rows)},
    "gates": lambda rows, _: {"gates": run_page.gates_of(rows)},
    "release": lambda rows, _: {"releases": releases_of(rows.run)},
    "plan": lambda rows, _: {"plan": run_page.plan_of(rows, clock.now())},
    "timeline": lambda rows, _: {"timeline": timeline_of(rows, clock.now())},
    "log": _log,
    "usage": lambda rows, _: {"usage": usage_of(rows.run)},
    "evidence": lambda rows, _: {"evidence": evidence_of(rows)},
    "artifacts": _artifacts,
    "events": _events,
}
