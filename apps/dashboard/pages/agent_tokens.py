"""Enrolment tokens, for operators: made here and shown once, and revoked."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from apps.accounts.models import Organisation
from apps.dashboard.answers import said
from apps.dashboard.pages.agents import LIST, render_list, tags_in
from apps.dashboard.reads.agents import LIFETIMES
from apps.dashboard.reads.numbers import whole_number
from apps.dashboard.visitor import page, require_operator
from apps.fleet.models import EnrolmentToken
from apps.fleet.services.enrol import create_token, revoke_token


@page("POST")
def create(request: HttpRequest) -> HttpResponse:
    """A new token. It stands in this one answer, which no cache and no history keeps, and nowhere else ever again."""
    user = require_operator(request)
    organisation = None
    if number := whole_number(request.POST.get("organisation")):
        organisation = get_object_or_404(Organisation, pk=number)
    hours = request.POST.get("hours", "")
    try:
        made = create_token(
            user,
            request.POST.get("name", "").strip(),
            tags=tags_in(request.POST.get("tags", "")),
            most=whole_number(request.POST.get("most")) or 0,
            lives=timedelta(hours=int(hours) if hours in LIFETIMES else 24),
            organisation=organisation,
        )
    except ValueError as error:
        return said(request, str(error), LIST, ok=False)
    return render_list(request, new_token=made, server=request.build_absolute_uri("/").rstrip("/"))


@page("POST")
def revoke(request: HttpRequest, token_id: int) -> HttpResponse:
    require_operator(request)
    token = get_object_or_404(EnrolmentToken, pk=token_id)
    done = revoke_token(token)
    text = f"Nobody else joins with {token.name}." if done else f"{token.name} was revoked before."
    return said(request, text, LIST, ok=done)
