"""Incidents: what stopped answering, what was seen, what was tried."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from apps.dashboard.reads import incidents as reads
from apps.dashboard.reads.numbers import whole_number
from apps.dashboard.reads.releases import visible_incidents
from apps.dashboard.visitor import page, visitor


@page("GET")
def incidents(request: HttpRequest) -> HttpResponse:
    status = request.GET.get("status", "")
    listed = reads.list_incidents(visitor(request), status, whole_number(request.GET.get("before")))
    context = {"incidents": listed, "choices": reads.CHOICES}
    if request.headers.get("HX-Target") == "incident-list":
        return render(request, "dashboard/incidents/_list.html", context)
    return render(request, "dashboard/incidents/page.html", context)


@page("GET")
def incident(request: HttpRequest, incident_id: int) -> HttpResponse:
    found = get_object_or_404(visible_incidents(visitor(request)), pk=incident_id)
    context = {
        "incident": found,
        "steps": reads.steps_of(found),
        "check": json.dumps(found.evidence.get("check"), indent=2) if found.evidence.get("check") else "",
    }
    return render(request, "dashboard/incidents/incident.html", context)
