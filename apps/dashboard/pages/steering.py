"""What a person says to a job under way: a message, a pause, to go on, a hand-off."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from apps.accounts.models import User
from apps.dashboard.answers import said
from apps.dashboard.visitor import page, require_change, visitor
from apps.runs.models import Job
from apps.runs.plan.handing import MANAGER
from apps.runs.queries import visible_jobs
from apps.runs.services.steer import SteeringRefused, hand_off, pause_job, resume_job, say

PLANS_AGAIN = "This run ends; the manager plans it again, in a run of its own."
PAUSING = "It stops after its present step; its work is kept."


@page("POST")
def say_to_job(request: HttpRequest, job_id: int) -> HttpResponse:
    text = request.POST.get("text", "")
    return _steer(request, job_id, lambda job, user: say(job, user, text), "The model reads it before its next call.")


@page("POST")
def pause(request: HttpRequest, job_id: int) -> HttpResponse:
    return _steer(request, job_id, pause_job, PAUSING)


@page("POST")
def resume(request: HttpRequest, job_id: int) -> HttpResponse:
    return _steer(request, job_id, resume_job, "It goes on where it stood.")


@page("POST")
def hand_on(request: HttpRequest, job_id: int) -> HttpResponse:
    role, text = request.POST.get("role", ""), request.POST.get("text", "")
    done = PLANS_AGAIN if role == MANAGER else "The other role goes on with it."
    return _steer(request, job_id, lambda job, user: hand_off(job, user, role, text), done)


def _steer(request: HttpRequest, job_id: int, act: Callable[[Job, User], object], done: str) -> HttpResponse:
    jobs = visible_jobs(visitor(request)).select_related("run__project", "task")
    job = get_object_or_404(jobs, pk=job_id)
    user = require_change(request, job.run.project.organisation_id)
    try:
        act(job, user)
    except SteeringRefused as error:
        return said(request, str(error), "dashboard:job", ok=False, job_id=job_id)
    return said(request, done, "dashboard:job", job_id=job_id)
