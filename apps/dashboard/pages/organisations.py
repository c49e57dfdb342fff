"""What an owner looks after: the members of the organisation and the keys of its programs."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from apps.accounts.access import visible_organisations
from apps.accounts.keys import ORDINARY, SCOPES, create_key, revoke_key
from apps.accounts.members import MemberError, add_member, change_role, first_link, remove_member
from apps.accounts.models import Membership, Organisation, Role
from apps.dashboard.answers import said
from apps.dashboard.reads.numbers import whole_number
from apps.dashboard.visitor import page, require_manage, visitor
from apps.projects.models import Project

LIFETIMES = {"30": "30 days", "90": "90 days", "365": "one year", "": "no end"}
SHOWN = 200


def find_organisation(request: HttpRequest, slug: str) -> Organisation:
    return get_object_or_404(visible_organisations(visitor(request)), slug=slug)


@page("GET")
def organisations(request: HttpRequest) -> HttpResponse:
    """Most people are in one: they go there at once."""
    found = list(visible_organisations(visitor(request)).order_by("name")[:SHOWN])
    if len(found) == 1:
        return redirect("dashboard:organisation", slug=found[0].slug)
    return render(request, "dashboard/organisations/page.html", {"organisations": found})


@page("GET")
def organisation(request: HttpRequest, slug: str) -> HttpResponse:
    found = find_organisation(request, slug)
    require_manage(request, found.pk)
    return _show(request, found)


def _show(request: HttpRequest, found: Organisation, **more: object) -> HttpResponse:
    projects = Project.objects.filter(organisation=found).order_by("slug")[:SHOWN]
    context = {
        "organisation": found,
        "members": found.memberships.select_related("user").order_by("user__username")[:SHOWN],
        "keys": found.api_keys.select_related("user")[:SHOWN],
        "roles": Role.choices,
        "scopes": SCOPES if visitor(request).is_superuser else ORDINARY,
        "lifetimes": LIFETIMES,
        "projects": projects,
        "project_names": {project.pk: project.slug for project in projects},
        "now": timezone.now(),
        **more,
    }
    return render(request, "dashboard/organisations/organisation.html", context)


@page("POST")
def create(request: HttpRequest, slug: str) -> HttpResponse:
    """A new key. It stands in this one answer, which no cache and no history keeps, and nowhere else ever again."""
    found = find_organisation(request, slug)
    user = require_manage(request, found.pk)
    name = request.POST.get("name", "").strip()[:100]
    project = whole_number(request.POST.get("project"))
    if project is not None:
        get_object_or_404(Project, organisation=found, pk=project)
    days = whole_number(request.POST.get("days"))
    try:
        if not name:
            raise ValueError("Give the key a name, so that you know it when you want to revoke it.")
        if not (scopes := request.POST.getlist("scopes")):
            raise ValueError("Choose what the key may do.")
        expires_at = timezone.now() + timedelta(days=min(days, 3650)) if days else None
        made = create_key(user, found, name, scopes, expires_at=expires_at, project_id=project)
    except ValueError as error:
        return said(request, str(error), "dashboard:organisation", ok=False, slug=slug)
    return _show(request, found, new_key=made)


@page("POST")
def revoke(request: HttpRequest, slug: str, key_id: int) -> HttpResponse:
    found = find_organisation(request, slug)
    require_manage(request, found.pk)
    key = get_object_or_404(found.api_keys, pk=key_id)
    revoke_key(key)
    return said(request, f"The key {key.name} is revoked.", "dashboard:organisation", slug=slug)


@page("POST")
def add(request: HttpRequest, slug: str) -> HttpResponse:
    """A new member; somebody who had no account gets a link to hand over."""
    found = find_organisation(request, slug)
    require_manage(request, found.pk)
    try:
        membership = add_member(found, request.POST.get("username", ""), request.POST.get("role", ""))
    except MemberError as error:
        return said(request, str(error), "dashboard:organisation", ok=False, slug=slug)
    if membership.user.last_login or membership.user.has_usable_password():
        return said(request, f"{membership.user} is a member now.", "dashboard:organisation", slug=slug)
    return _invite(request, found, membership)


@page("POST")
def invite(request: HttpRequest, slug: str, member_id: int) -> HttpResponse:
    """A new link for somebody who has not come in yet."""
    found = find_organisation(request, slug)
    require_manage(request, found.pk)
    return _invite(request, found, _member(found, member_id))


def _invite(request: HttpRequest, found: Organisation, membership: Membership) -> HttpResponse:
    try:
        link = request.build_absolute_uri(first_link(membership))
    except MemberError as error:
        return said(request, str(error), "dashboard:organisation", ok=False, slug=found.slug)
    return _show(request, found, invited=membership.user, link=link)


@page("POST")
def change(request: HttpRequest, slug: str, member_id: int) -> HttpResponse:
    found = find_organisation(request, slug)
    require_manage(request, found.pk)
    membership = _member(found, member_id)
    try:
        change_role(membership, request.POST.get("role", ""))
    except MemberError as error:
        return said(request, str(error), "dashboard:organisation", ok=False, slug=slug)
    return said(
        request,
        f"{membership.user} is {membership.get_role_display().lower()} now.",
        "dashboard:organisation",
        slug=slug,
    )


@page("POST")
def remove(request: HttpRequest, slug: str, member_id: int) -> HttpResponse:
    found = find_organisation(request, slug)
    require_manage(request, found.pk)
    membership = _member(found, member_id)
    try:
        remove_member(membership)
    except MemberError as error:
        return said(request, str(error), "dashboard:organisation", ok=False, slug=slug)
    return said(request, f"{membership.user} is no member any more.", "dashboard:organisation", slug=slug)


def _member(found: Organisation, member_id: int) -> Membership:
    return get_object_or_404(found.memberships.select_related("user"), pk=member_id)
