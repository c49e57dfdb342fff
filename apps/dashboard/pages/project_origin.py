"""The forms of a project's page that are about its repository: where it lies, fetch it now, upload one."""

from __future__ import annotations

from typing import BinaryIO, cast

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from apps.dashboard.answers import moved, said
from apps.dashboard.pages.projects import find_project
from apps.dashboard.visitor import page, require_change, require_manage
from apps.projects.code import CodeError
from apps.projects.origin import BadOrigin, Wanted, set_origin
from apps.projects.uploads import BadLink, read_link, take_upload
from apps.runs.plan.workflows import FETCHING
from apps.runs.services.start import start_run

PROJECT = "dashboard:project"


@page("POST")
def put_origin(request: HttpRequest, project_id: int) -> HttpResponse:
    """Say where the project lies, and fetch it. An empty password leaves the one that is kept."""
    found = find_project(request, project_id)
    user = require_manage(request, found.organisation_id)
    form = {name: request.POST.get(name, "").strip() for name in ("url", "user", "branch", "push")}
    push = form["push"] if form["push"] in found.Push.values else found.Push.BRANCH
    password = request.POST.get("password", "") or None
    try:
        found = set_origin(found, Wanted(form["url"], form["user"], password, form["branch"], push))
    except BadOrigin as error:
        return said(request, str(error), PROJECT, ok=False, project_id=project_id)
    run = start_run(found, None, user, workflow=FETCHING)
    return moved(request, reverse("dashboard:run", args=[run.pk]), "The origin is set, and being fetched.")


@page("POST")
def fetch(request: HttpRequest, project_id: int) -> HttpResponse:
    found = find_project(request, project_id)
    user = require_change(request, found.organisation_id)
    if not found.origin_url:
        return said(request, "This project is Hive's own.", PROJECT, ok=False, project_id=project_id)
    run = start_run(found, None, user, workflow=FETCHING)
    return moved(request, reverse("dashboard:run", args=[run.pk]))


@page("POST")
def upload(request: HttpRequest, project_id: int, token: str) -> HttpResponse:
    """The form's address is a link for uploads: only who holds one may send so much."""
    found = find_project(request, project_id)
    user = require_change(request, found.organisation_id)
    sent = request.FILES.get("file")
    try:
        project, _ = read_link(token)
        if project.pk != found.pk:
            raise BadLink("This link is another project's. Load the page again.")
        if sent is None or sent.file is None:
            raise BadLink("Choose a file: a tar.gz, a zip or a git bundle.")
        commit, notes = take_upload(found, user, cast(BinaryIO, sent.file), sent.name or "")
    except (BadLink, CodeError) as error:
        return said(request, str(error), PROJECT, ok=False, project_id=project_id)
    told = " ".join([f"{found.default_branch} is at {commit[:12]}.", *notes])
    return said(request, told, PROJECT, project_id=project_id)
