"""Badges: a picture for a README elsewhere. Owners make one; whoever has its address may see it, without signing in."""

from __future__ import annotations

import hashlib

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from apps.dashboard.answers import said
from apps.dashboard.pages.projects import find_project
from apps.dashboard.reads.badge import LABELS, badge_of
from apps.dashboard.visitor import page, require_manage
from apps.projects.models import Project
from apps.projects.services import hide_badge, show_badge

MAX_AGE_S = 30
LONGEST_REF = 200


@require_safe
def badge(request: HttpRequest, token: str, of: str) -> HttpResponseBase:
    """The address is the permission. No session is looked at, so that any cache may keep the answer for a moment."""
    if of not in LABELS:
        raise Http404
    project = get_object_or_404(Project.objects.exclude(badge_token=""), badge_token=token)
    seen = badge_of(project, of, request.GET.get("ref", "")[:LONGEST_REF])
    body = render_to_string("dashboard/badge.svg", {"badge": seen}).encode()
    response = HttpResponse(body, content_type="image/svg+xml")
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    response["ETag"] = etag
    response["Cache-Control"] = f"public, max-age={MAX_AGE_S}"
    answer = get_conditional_response(request, etag=etag, response=response)
    assert answer is not None  # noqa: S101 - it is None for no response alone
    return answer


@page("POST")
def show(request: HttpRequest, project_id: int) -> HttpResponse:
    found = find_project(request, project_id)
    require_manage(request, found.organisation_id)
    done = show_badge(found)
    text = "Whoever has the badge's address sees how the last run ended." if done else "It had a badge."
    return said(request, text, "dashboard:project", ok=done, project_id=project_id)


@page("POST")
def hide(request: HttpRequest, project_id: int) -> HttpResponse:
    found = find_project(request, project_id)
    require_manage(request, found.organisation_id)
    done = hide_badge(found)
    text = "The badge's address shows nothing any more." if done else "It had no badge."
    return said(request, text, "dashboard:project", ok=done, project_id=project_id)
