"""A project's MCP servers: look at them, ask one what it offers, and, for owners, set and remove them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from apps.accounts.access import may_change, may_manage
from apps.dashboard.answers import said
from apps.dashboard.pages.projects import find_project
from apps.dashboard.reads.numbers import whole_number
from apps.dashboard.visitor import page, require_change, require_manage, visitor
from apps.projects.mcp_looks import look_at, rules_of
from apps.projects.mcp_servers import LONGEST_TIMEOUT_S, BadServer, Wanted, remove_server, set_server
from apps.projects.models import McpServer, Project

SERVERS = "dashboard:mcp_servers"


@page("GET")
def mcp_servers(request: HttpRequest, project_id: int) -> HttpResponse:
    """The servers; with `?edit=name` the form holds what that one is."""
    found = find_project(request, project_id)
    edited = found.mcp_servers.filter(name=request.GET.get("edit", "")[:20]).first()
    form = _form_of(edited) if edited else {"policy": "gate", "enabled": "on"}
    return _shown(request, found, {"form": form})


@page("POST")
def put_mcp_server(request: HttpRequest, project_id: int) -> HttpResponse:
    """Add a server, or make the one of this name so. What was wrong stands above the form, which keeps its texts."""
    found = find_project(request, project_id)
    require_manage(request, found.organisation_id)
    try:
        server = set_server(found, request.POST.get("name", "").strip(), _wanted(request.POST.dict()))
    except BadServer as error:
        context = {"form": request.POST.dict(), "problem": str(error), "where": error.where}
        return _shown(request, found, context, status=422)
    return said(request, f"{server.name} is set. Jobs that begin later use it.", SERVERS, project_id=project_id)


@page("POST")
def remove_mcp_server(request: HttpRequest, project_id: int, server: str) -> HttpResponse:
    found = find_project(request, project_id)
    require_manage(request, found.organisation_id)
    remove_server(get_object_or_404(found.mcp_servers, name=server))
    return said(request, f"{server} is removed.", SERVERS, project_id=project_id)


@page("POST")
def check_mcp_server(request: HttpRequest, project_id: int, server: str) -> HttpResponse:
    """Ask it now, and show its tools with the project's rules for them."""
    found = find_project(request, project_id)
    require_change(request, found.organisation_id)
    asked = get_object_or_404(found.mcp_servers.select_related("project"), name=server)
    looked = look_at(asked)
    tools = [{"tool": tool, **rules_of(asked, tool)} for tool in looked.tools]
    return _shown(request, found, {"checked": asked, "looked": looked, "tools": tools, "form": _form_of(asked)})


def _shown(request: HttpRequest, found: Project, more: Mapping[str, object], status: int = 200) -> HttpResponse:
    user = visitor(request)
    context = {
        "project": found,
        "servers": [(server, _form_of(server)) for server in found.mcp_servers.order_by("name")],
        "policies": McpServer.Policy.choices,
        "longest_timeout_s": LONGEST_TIMEOUT_S,
        "may_change": may_change(user, found.organisation_id),
        "may_manage": may_manage(user, found.organisation_id),
        **more,
    }
    return render(request, "dashboard/projects/mcp_servers.html", context, status=status)


def _form_of(server: McpServer) -> dict[str, str]:
    """The texts of the form, one line per entry."""
    return {
        "name": server.name,
        "command": shlex.join(server.command),
        "env": "\n".join(f"{name}={value}" for name, value in server.env.items()),
        "url": server.url,
        "headers": "\n".join(f"{name}: {value}" for name, value in server.headers.items()),
        "policy": server.policy,
        "tools": "\n".join(f"{name}: {policy}" for name, policy in server.tools.items()),
        "planning": "\n".join(server.planning),
        "timeout_s": str(server.timeout_s),
        "enabled": "on" if server.enabled else "",
    }


def _wanted(form: dict[str, str]) -> Wanted:
    """Raises BadServer."""
    try:
        command = shlex.split(form.get("command", ""))
    except ValueError as error:
        raise BadServer("command", f"The command cannot be read: {error}.") from None
    return Wanted(
        command=command,
        env=_pairs(form, "env", "="),
        url=form.get("url", "").strip(),
        headers=_pairs(form, "headers", ":"),
        policy=form.get("policy", ""),
        tools=_pairs(form, "tools", ":"),
        planning=_lines(form, "planning"),
        timeout_s=whole_number(form.get("timeout_s")) or 60,
        enabled=bool(form.get("enabled")),
    )


def _pairs(form: dict[str, str], name: str, between: str) -> dict[str, str]:
    found = {}
    for line in _lines(form, name):
        key, mark, value = line.partition(between)
        if not mark:
            raise BadServer(name, f"Write NAME{between}VALUE on each line; this one has no {between}: {line[:40]}")
        found[key.strip()] = value.strip()
    return found


def _lines(form: dict[str, str], name: str) -> list[str]:
    return [line.strip() for line in form.get(name, "").splitlines() if line.strip()]
