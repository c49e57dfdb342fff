"""The list of runs."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from apps.dashboard.reads import run_list
from apps.dashboard.visitor import page, visitor
from apps.runs.queries import visible_runs


@page("GET")
def runs(request: HttpRequest) -> HttpResponse:
    """The whole page; or its list alone, where the page itself asks for it anew."""
    user = visitor(request)
    visible = visible_runs(user)
    wanted = run_list.read_wanted(request.GET)
    context = {
        "wanted": wanted,
        "page": run_list.list_runs(visible, wanted),
        "choices": run_list.CHOICES,
        "counts": {"active": run_list.count_active(visible), "asking": run_list.count_asking(visible)},
        "searched": run_list.SEARCHED,
    }
    if request.headers.get("HX-Target") == "run-list":
        return render(request, "dashboard/runs/_list.html", context)
    return render(request, "dashboard/runs/page.html", {**context, "projects": run_list.filter_projects(user)})
