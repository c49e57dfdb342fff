"""Environments and what is live in them; one release with its probes, incidents and predecessors."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from apps.dashboard.reads import releases as reads
from apps.dashboard.reads.numbers import whole_number
from apps.dashboard.visitor import page, visitor


@page("GET")
def releases(request: HttpRequest) -> HttpResponse:
    """What is live, environment by environment; below it what was released, newest first."""
    user = visitor(request)
    environments = reads.live_environments(user, whole_number(request.GET.get("after")))
    recent = reads.recent_releases(user, whole_number(request.GET.get("before")))
    context = {"environments": environments, "recent": recent}
    if request.headers.get("HX-Target") == "environments":
        return render(request, "dashboard/releases/_environments.html", context)
    return render(request, "dashboard/releases/page.html", context)


@page("GET")
def release(request: HttpRequest, release_id: int) -> HttpResponse:
    found = get_object_or_404(reads.visible_releases(visitor(request)), pk=release_id)
    context = {"view": reads.views([found])[0], "run": found.run}
    if request.headers.get("HX-Target") == "release-facts":
        return render(request, "dashboard/releases/_facts.html", context)
    return render(request, "dashboard/releases/release.html", context)
