"""Agents, for operators: which there are, what each does, and what an operator says to it."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from apps.dashboard.answers import said
from apps.dashboard.pages.operating import LONGEST_MIN, SPANS
from apps.dashboard.reads import agents as reads
from apps.dashboard.reads.numbers import whole_number
from apps.dashboard.visitor import page, require_operator
from apps.events import clock
from apps.fleet.models import Agent
from apps.fleet.overview import agents_now
from apps.fleet.services.hold import (
    NOTE_LENGTH,
    drain_agent,
    note_agent,
    pause_agent,
    resume_agent,
    revoke_agent,
    tag_agent,
)

LIST, ONE = "dashboard:agents", "dashboard:agent"
GONE = "was revoked; it never comes back."


@page("GET")
def agents(request: HttpRequest) -> HttpResponse:
    """The whole page; or its list alone, where the page itself asks for it anew."""
    require_operator(request)
    return render_list(request)


def render_list(request: HttpRequest, **more: object) -> HttpResponse:
    status, text = request.GET.get("status", ""), request.GET.get("q", "").strip()[:60]
    context = {
        "status": status if status in reads.CHOICES else "",
        "text": text,
        "choices": reads.CHOICES,
        "page": reads.list_agents(status, text, whole_number(request.GET.get("before"))),
    }
    if request.headers.get("HX-Target") == "agent-list":
        return render(request, "dashboard/agents/_list.html", context)
    return render(request, "dashboard/agents/page.html", {**context, **reads.token_choices(), **more})


def _find(agent_id: int) -> Agent:
    return get_object_or_404(reads.all_agents(), pk=agent_id)


@page("GET")
def agent(request: HttpRequest, agent_id: int) -> HttpResponse:
    """The whole page; or what changes of it."""
    require_operator(request)
    found = _find(agent_id)
    (now,) = agents_now([found])
    context = {
        "now": now,
        "agent": found,
        "past": reads.past_of(found, whole_number(request.GET.get("before"))),
        "capabilities": reads.capabilities_of(found),
        "spans": SPANS,
        "note_length": NOTE_LENGTH,
    }
    part = request.headers.get("HX-Target") == "agent-now"
    return render(request, f"dashboard/agents/{'_now' if part else 'agent'}.html", context)


@page("POST")
def drain(request: HttpRequest, agent_id: int) -> HttpResponse:
    user = require_operator(request)
    found = _find(agent_id)
    done = drain_agent(found, user)
    text = f"{found} finishes what it does and takes no more." if done else f"{found} was drained already, or revoked."
    return said(request, text, ONE, ok=done, agent_id=agent_id)


@page("POST")
def pause(request: HttpRequest, agent_id: int) -> HttpResponse:
    user = require_operator(request)
    found = _find(agent_id)
    minutes = whole_number(request.POST.get("minutes"))
    until = clock.now() + timedelta(minutes=min(minutes, LONGEST_MIN)) if minutes else None
    done = pause_agent(found, user, until)
    text = f"{found} is given nothing more for now." if done else f"{found} {GONE}"
    return said(request, text, ONE, ok=done, agent_id=agent_id)


@page("POST")
def resume(request: HttpRequest, agent_id: int) -> HttpResponse:
    user = require_operator(request)
    found = _find(agent_id)
    done = resume_agent(found, user)
    text = f"{found} takes jobs again." if done else f"{found} was not held, or was revoked."
    return said(request, text, ONE, ok=done, agent_id=agent_id)


@page("POST")
def revoke(request: HttpRequest, agent_id: int) -> HttpResponse:
    user = require_operator(request)
    found = _find(agent_id)
    done = revoke_agent(found, user)
    text = f"{found} is out; what it ran is tried elsewhere." if done else f"{found} was revoked before."
    return said(request, text, ONE, ok=done, agent_id=agent_id)


@page("POST")
def note(request: HttpRequest, agent_id: int) -> HttpResponse:
    require_operator(request)
    found = _find(agent_id)
    note_agent(found, request.POST.get("note", ""))
    return said(request, "The note is kept.", ONE, agent_id=agent_id)


@page("POST")
def tag(request: HttpRequest, agent_id: int) -> HttpResponse:
    user = require_operator(request)
    found = _find(agent_id)
    try:
        tag_agent(found, tags_in(request.POST.get("tags", "")), user)
    except ValueError as error:
        return said(request, str(error), ONE, ok=False, agent_id=agent_id)
    return said(request, f"{found} may run jobs with these tags from now on.", ONE, agent_id=agent_id)


def tags_in(text: str) -> list[str]:
    """Words between commas or spaces."""
    return text.replace(",", " ").split()
