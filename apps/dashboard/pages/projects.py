"""Projects, and one project: its runs, environments, specs and the names of its secrets."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from apps.accounts.access import may_change, may_manage
from apps.dashboard.answers import said
from apps.dashboard.reads import projects as reads
from apps.dashboard.reads import run_list
from apps.dashboard.reads.badge import LABELS
from apps.dashboard.reads.code import code_view
from apps.dashboard.reads.numbers import whole_number
from apps.dashboard.reads.usage import usage_of_project
from apps.dashboard.visitor import page, require_manage, visitor
from apps.projects.models import Project
from apps.projects.queries import visible_projects
from apps.projects.secrets import SecretError, delete_secret, put_secret
from apps.projects.uploads import make_link
from apps.runs.queries import visible_runs
from apps.specs.queries import versions_visible_to, visible_to


def find_project(request: HttpRequest, project_id: int) -> Project:
    return get_object_or_404(visible_projects(visitor(request)), pk=project_id)


@page("GET")
def projects(request: HttpRequest) -> HttpResponse:
    listed = reads.list_projects(visitor(request), whole_number(request.GET.get("after")))
    return render(request, "dashboard/projects/page.html", {"projects": listed})


@page("GET")
def project(request: HttpRequest, project_id: int) -> HttpResponse:
    user = visitor(request)
    found = find_project(request, project_id)
    context = {
        "project": found,
        "page": run_list.list_runs(visible_runs(user), run_list.Wanted(project=found.pk)),
        "environments": reads.environments_of(found),
        "specs": reads.specs_of(found),
        "usage": usage_of_project(found),
        "code": code_view(found),
        "upload_link": make_link(found, user),
        "badge_urls": _badge_urls(request, found),
        "secrets": found.secrets.defer("sealed"),
        "may_change": may_change(user, found.organisation_id),
        "may_manage": may_manage(user, found.organisation_id),
    }
    return render(request, "dashboard/projects/project.html", context)


def _badge_urls(request: HttpRequest, found: Project) -> list[tuple[str, str]]:
    if not found.badge_token:
        return []
    paths = {label: reverse("dashboard:badge", args=[found.badge_token, of]) for of, label in LABELS.items()}
    return [(label, request.build_absolute_uri(path)) for label, path in paths.items()]


@page("POST")
def put_project_secret(request: HttpRequest, project_id: int) -> HttpResponse:
    """Add a secret or replace its value. Nothing that was entered is ever shown again, not even after an error."""
    found = find_project(request, project_id)
    require_manage(request, found.organisation_id)
    try:
        secret = put_secret(found, request.POST.get("name", ""), request.POST.get("value", ""))
    except SecretError as error:
        return said(request, str(error), "dashboard:project", ok=False, project_id=project_id)
    return said(request, f"{secret.name} is kept.", "dashboard:project", project_id=project_id)


@page("POST")
def delete_project_secret(request: HttpRequest, project_id: int, secret_id: int) -> HttpResponse:
    found = find_project(request, project_id)
    require_manage(request, found.organisation_id)
    secret = get_object_or_404(found.secrets, pk=secret_id)
    delete_secret(secret)
    return said(request, f"{secret.name} is deleted.", "dashboard:project", project_id=project_id)


@page("GET")
def spec(request: HttpRequest, spec_id: int) -> HttpResponse:
    """A spec's text, in its newest version or the one that was asked for."""
    user = visitor(request)
    found = get_object_or_404(visible_to(user), pk=spec_id)
    versions = versions_visible_to(user).filter(spec=found).defer("data")
    number = whole_number(request.GET.get("version"))
    shown = get_object_or_404(versions, number=number) if number else versions.order_by("-number").first()
    context = {
        "spec": found,
        "shown": shown,
        "versions": versions.defer("data", "text").order_by("-number")[: reads.VERSIONS_SHOWN],
        "runs": reads.runs_of_version(shown.pk) if shown else (),
        "may_change": may_change(user, found.project.organisation_id),
    }
    return render(request, "dashboard/projects/spec.html", context)
