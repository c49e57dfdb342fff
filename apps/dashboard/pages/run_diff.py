"""What a run has changed, as a page: bounded, and as text alone."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from apps.dashboard.pages.run import find_run
from apps.dashboard.visitor import page
from apps.projects.code import CodeError, code_of
from apps.runs.head import head_of

SHOWN = 256 * 1024


@page("GET")
def run_diff(request: HttpRequest, run_id: int) -> HttpResponse:
    found = find_run(request, run_id)
    context: dict[str, Any] = {"run": found}
    try:
        code = code_of(found.project)
        head = head_of(found, code)
        diff = code.diff(found.base_commit or head, head, "")
        context |= {"diff": diff, "text": diff.text[:SHOWN], "cut": diff.cut or len(diff.text) > SHOWN}
    except CodeError as error:
        context |= {"trouble": str(error)}
    return render(request, "dashboard/run/diff.html", context)
