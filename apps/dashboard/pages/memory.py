"""What a project remembers: search it, add to it, forget, export, erase."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render

from apps.accounts.access import may_change, may_manage
from apps.dashboard.answers import said
from apps.dashboard.pages.projects import find_project
from apps.dashboard.reads.numbers import whole_number
from apps.dashboard.visitor import page, require_change, require_manage, visitor
from apps.memory.models import Note
from apps.memory.queries import export, notes_of
from apps.memory.search import search
from apps.memory.services import LONGEST, Author, MemoryRefused, erase, forget, remember
from apps.runs.models import Run

SHOWN = 50
LONGEST_QUERY = 500


@page("GET")
def memory(request: HttpRequest, project_id: int) -> HttpResponse:
    """The newest notes, or those that a search finds; a page of them."""
    user, found = visitor(request), find_project(request, project_id)
    query = request.GET.get("q", "")[:LONGEST_QUERY].strip()
    after = whole_number(request.GET.get("after"))
    newest = notes_of(found).filter(pk__lt=after) if after else notes_of(found)
    notes = search(found, query, SHOWN) if query else list(newest[: SHOWN + 1])
    shown = notes[:SHOWN]
    runs = Run.objects.filter(project=found, pk__in=[note.run_number for note in shown if note.run_number])
    context = {
        "project": found,
        "notes": shown,
        "more": shown[-1].pk if len(notes) > SHOWN else None,
        "count": notes_of(found).count(),
        "query": query,
        "longest": LONGEST,
        "runs": set(runs.values_list("pk", flat=True)),
        "may_change": may_change(user, found.organisation_id),
        "may_manage": may_manage(user, found.organisation_id),
    }
    return render(request, "dashboard/projects/memory.html", context)


@page("POST")
def add_note(request: HttpRequest, project_id: int) -> HttpResponse:
    found = find_project(request, project_id)
    user = require_change(request, found.organisation_id)
    days = whole_number(request.POST.get("days"))
    try:
        remember(found, request.POST.get("text", ""), Author(user), days=days)
    except MemoryRefused as error:
        return said(request, str(error), "dashboard:memory", ok=False, project_id=project_id)
    return said(request, "Remembered.", "dashboard:memory", project_id=project_id)


@page("POST")
def forget_note(request: HttpRequest, project_id: int, note_id: int) -> HttpResponse:
    found = find_project(request, project_id)
    require_change(request, found.organisation_id)
    get_object_or_404(Note, project=found, pk=note_id)
    forget(found, note_id)
    return said(request, "The note is forgotten.", "dashboard:memory", project_id=project_id)


@page("POST")
def erase_memory(request: HttpRequest, project_id: int) -> HttpResponse:
    found = find_project(request, project_id)
    require_manage(request, found.organisation_id)
    return said(request, f"Erased: {erase(found)} notes.", "dashboard:memory", project_id=project_id)


@page("GET")
def export_memory(request: HttpRequest, project_id: int) -> HttpResponse:
    found = find_project(request, project_id)
    lines = (f"{json.dumps(note)}\n" for note in export(found))
    headers = {"Content-Disposition": f'attachment; filename="{found.slug}-memory.jsonl"'}
    return StreamingHttpResponse(lines, content_type="application/x-ndjson", headers=headers)  # type: ignore[return-value]
