"""What a person does to a run: cancel, retry, approve, reject. Each calls the service that the API calls too."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from apps.accounts.models import User
from apps.dashboard.answers import moved, said
from apps.dashboard.pages.run import find_run
from apps.dashboard.visitor import page, require_change, visitor
from apps.events.lifecycle import IllegalMove, MoveLost
from apps.runs.models import Gate
from apps.runs.queries import visible_gates
from apps.runs.questions import AnswersRefused
from apps.runs.services.approve import approve_gate, reject_gate
from apps.runs.services.start import retry_run, why_not_again
from apps.runs.services.stop import cancel_run

COMMENT_LIMIT = 2000


@page("POST")
def cancel(request: HttpRequest, run_id: int) -> HttpResponse:
    found = find_run(request, run_id)
    user = require_change(request, found.project.organisation_id)
    asked = cancel_run(found, user)
    text = "The run is being canceled." if asked else "The run was ending already."
    return said(request, text, "dashboard:run", ok=asked, run_id=run_id)


@page("POST")
def retry(request: HttpRequest, run_id: int) -> HttpResponse:
    found = find_run(request, run_id)
    user = require_change(request, found.project.organisation_id)
    if why := why_not_again(found):
        return said(request, why, "dashboard:run", ok=False, run_id=run_id)
    again = retry_run(found, user)
    return moved(request, reverse("dashboard:run", args=[again.pk]), f"Run {again.pk} is the same spec once more.")


@page("POST")
def approve(request: HttpRequest, gate_id: int) -> HttpResponse:
    def decide(gate: Gate, user: User | None, message: str) -> None:
        answers = [request.POST.get(f"answer-{at}", "") for at in range(len(gate.questions))]
        approve_gate(gate, user, message, answers)

    return _decide(request, gate_id, decide, "Approved: the run goes on.")


@page("POST")
def reject(request: HttpRequest, gate_id: int) -> HttpResponse:
    return _decide(request, gate_id, reject_gate, "Rejected: the run ends.")


def _decide(
    request: HttpRequest, gate_id: int, decide: Callable[[Gate, User | None, str], None], done: str
) -> HttpResponse:
    """One of two people who decide at the same moment is told that the other was first."""
    gates = visible_gates(visitor(request)).select_related("run__project", "decided_by")
    gate = get_object_or_404(gates, pk=gate_id)
    user = require_change(request, gate.run.project.organisation_id)
    run_id = gate.run_id
    try:
        decide(gate, user, request.POST.get("message", "").strip()[:COMMENT_LIMIT])
    except (IllegalMove, MoveLost):
        gate.refresh_from_db()
        who = f" by {gate.decided_by}" if gate.decided_by else ""
        return said(request, f"It was {gate.status} before{who}.", "dashboard:run", ok=False, run_id=run_id)
    except AnswersRefused as error:
        return said(request, str(error), "dashboard:run", ok=False, run_id=run_id)
    return said(request, done, "dashboard:run", run_id=run_id)
