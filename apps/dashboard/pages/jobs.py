"""The list of jobs, and a job's page: its log, its times, its tests, the other attempts at the same work."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from apps.accounts.access import may_change
from apps.accounts.models import User
from apps.ci.status import tests_of as reports_of
from apps.ci.waiting import why_waits
from apps.dashboard.pages.run import log_context
from apps.dashboard.reads import job_list, run_page
from apps.dashboard.reads.evidence import tests_of
from apps.dashboard.reads.job_commands import commands_of
from apps.dashboard.reads.job_stages import parts_of
from apps.dashboard.reads.run_rows import RunRows
from apps.dashboard.visitor import page, visitor
from apps.events import clock
from apps.events.queries import last_number
from apps.fleet.job_list import LOOKED_AT
from apps.runs.models import Job
from apps.runs.queries import visible_jobs
from apps.runs.services.steer import can_be_steered, roles_to_hand_to

PARTS = {"job-facts": "_facts", "job-more": "_more"}


@page("GET")
def jobs(request: HttpRequest) -> HttpResponse:
    """The whole page; or its list alone, where the page itself asks for it anew."""
    user = visitor(request)
    wanted = job_list.read_wanted(request.GET, user)
    context = {
        "wanted": wanted,
        "page": job_list.list_jobs(user, wanted),
        "choices": job_list.CHOICES,
        "looked_at": LOOKED_AT,
    }
    if request.headers.get("HX-Target") == "job-list":
        return render(request, "dashboard/jobs/_list.html", context)
    return render(request, "dashboard/jobs/page.html", {**context, "filters": job_list.filters_for(user)})


@page("GET")
def job(request: HttpRequest, job_id: int) -> HttpResponse:
    """The whole page; or one of its parts alone, where the page itself asks for it anew."""
    user = visitor(request)
    rows = visible_jobs(user).select_related("run__project", "task", "assignment__agent")
    found = get_object_or_404(rows.defer("assignment__agent__capabilities"), pk=job_id)
    context = _about(found) | _allowed(found, user)
    if part := PARTS.get(request.headers.get("HX-Target", "")):
        return render(request, f"dashboard/job/{part}.html", context)
    return render(
        request, "dashboard/job/page.html", {**context, "seen": last_number(found.run_id), **log_context(found)}
    )


def _about(found: Job) -> dict[str, Any]:
    return {
        "job": found,
        "run": found.run,
        "given": getattr(found, "assignment", None),
        "stages": parts_of(found, clock.now()),
        "waits": why_waits(found),
        "attempts": run_page.attempts_of(found),
        "tests": tests_of(found),
        "reports": reports_of(found),
        "commands": commands_of(found),
        "artifacts": found.artifacts.select_related("job__task").order_by("pk")[: run_page.ARTIFACTS_SHOWN],
        "chosen": True,
    }


def _allowed(found: Job, user: User) -> dict[str, Any]:
    changes = may_change(user, found.run.project.organisation_id)
    return {
        "head": run_page.head_of(RunRows(found.run)) if changes and found.run.workflow == "ci" else None,
        "steering": found.steering.select_related("said_by").order_by("pk"),
        "allowed": can_be_steered(found) if changes else [],
        "next_roles": roles_to_hand_to(found) if changes else [],
    }
