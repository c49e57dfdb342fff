"""A job's page: its log, its times, the other attempts at the same work."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from apps.accounts.access import may_change
from apps.dashboard.pages.run import log_context
from apps.dashboard.reads import run_page
from apps.dashboard.reads.evidence import tests_of
from apps.dashboard.visitor import page, visitor
from apps.events.queries import last_number
from apps.runs.queries import visible_jobs
from apps.runs.services.steer import HAND_OFFS, can_be_steered


@page("GET")
def job(request: HttpRequest, job_id: int) -> HttpResponse:
    """The whole page; or its facts alone, where the page itself asks for them anew."""
    user = visitor(request)
    jobs = visible_jobs(user).select_related("run__project", "task")
    found = get_object_or_404(jobs, pk=job_id)
    context = {
        "job": found,
        "run": found.run,
        "attempts": run_page.attempts_of(found),
        "tests": tests_of(found),
        "artifacts": found.artifacts.select_related("job__task").order_by("pk")[: run_page.ARTIFACTS_SHOWN],
        "chosen": True,
        "steering": found.steering.select_related("said_by").order_by("pk"),
        "allowed": can_be_steered(found) if may_change(user, found.run.project.organisation_id) else [],
        "next_role": HAND_OFFS.get(found.step, ""),
    }
    if request.headers.get("HX-Target") == "job-facts":
        return render(request, "dashboard/job/_facts.html", context)
    return render(
        request, "dashboard/job/page.html", {**context, "seen": last_number(found.run_id), **log_context(found)}
    )
