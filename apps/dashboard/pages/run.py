"""A run's page, whole and in parts. Each part is asked for by itself when the run's stream says that it changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render

from apps.accounts.access import may_change
from apps.artifacts.queries import log_size
from apps.artifacts.retention import log_is_gone
from apps.artifacts.store import StoreError
from apps.dashboard.reads import event_list, run_page
from apps.dashboard.reads.evidence import evidence_of
from apps.dashboard.reads.numbers import whole_number
from apps.dashboard.reads.releases import releases_of
from apps.dashboard.reads.timeline import timeline_of
from apps.dashboard.reads.usage import usage_of
from apps.dashboard.visitor import page, visitor
from apps.events import clock
from apps.events.queries import last_number
from apps.runs.models import Job, Run
from apps.runs.queries import visible_runs

Context = dict[str, Any]


def find_run(request: HttpRequest, run_id: int) -> Run:
    """The run, if this person may see it; 404 otherwise. Its spec may be large: it is read where it is needed."""
    runs = visible_runs(visitor(request)).select_related("project__organisation", "spec_version__spec", "created_by")
    return get_object_or_404(runs.defer("spec_version__text", "spec_version__data"), pk=run_id)


@page("GET")
def run(request: HttpRequest, run_id: int) -> HttpResponse:
    found = find_run(request, run_id)
    # Read before the parts: what happens while they are read is told again by the stream, and nothing is missed.
    context: Context = {"run": found, "seen": last_number(found.pk)}
    for build in PARTS.values():
        context |= build(found, request.GET)
    return render(request, "dashboard/run/page.html", context | _rights(request, found))


@page("GET")
def part(request: HttpRequest, run_id: int, name: str) -> HttpResponse:
    if name not in PARTS:
        raise Http404
    found = find_run(request, run_id)
    context = {"run": found, **PARTS[name](found, request.GET), **_rights(request, found)}
    return render(request, f"dashboard/run/_{name}.html", context)


def _rights(request: HttpRequest, found: Run) -> Context:
    return {"may_change": may_change(visitor(request), found.project.organisation_id)}


def _log(found: Run, query: QueryDict) -> Context:
    """The log of the job that was chosen, or else of the one that a visitor wants to see first."""
    chosen = whole_number(query.get("job"))
    job = found.jobs.select_related("task").filter(pk=chosen).first() if chosen else None
    job = job or run_page.job_to_show(found)
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


def _artifacts(found: Run, _: QueryDict) -> Context:
    shown, more = run_page.artifacts_of(found)
    return {"artifacts": shown, "more_artifacts": more}


def _events(found: Run, query: QueryDict) -> Context:
    window = {name: whole_number(query.get(name)) for name in ("show", "before")}
    listed = event_list.events_of(found, query.get("type", ""), window["show"], window["before"])
    return {"events": listed, "kinds": event_list.KINDS}


PARTS: Mapping[str, Callable[[Run, QueryDict], Context]] = {
    "head": lambda found, _: {"head": run_page.head_of(found)},
    "gates": lambda found, _: {"gates": run_page.gates_of(found)},
    "release": lambda found, _: {"releases": releases_of(found)},
    "plan": lambda found, _: {"plan": run_page.plan_of(found, clock.now())},
    "timeline": lambda found, _: {"timeline": timeline_of(found, clock.now())},
    "log": _log,
    "usage": lambda found, _: {"usage": usage_of(found)},
    "evidence": lambda found, _: {"evidence": evidence_of(found)},
    "artifacts": _artifacts,
    "events": _events,
}
