"""Which project a new thing goes to: one that is there, or one that is made at its first use."""

from __future__ import annotations

from functools import partial

from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError

from apps.accounts.models import Organisation, User
from apps.api.caller import Caller
from apps.api.problems import Problem
from apps.projects.models import Project
from apps.projects.queries import visible_projects
from apps.projects.services import BadSlug, project_named
from apps.sql.compiled import Compiled


def choose_project(caller: Caller, slug: str, organisation_slug: str | None = None, name: str = "") -> Project:
    """The caller's project of this slug. Raises Problem or ValidationError; 403 for who may only look there."""
    projects = _named(caller, slug, organisation_slug)
    if len(projects) > 1:
        raise _which(f"Several of your organisations have a project {slug}")
    if projects:
        caller.require_change(projects[0].organisation_id)
        return projects[0]
    return make_project(caller, slug, organisation_slug, name)


def _named(caller: Caller, slug: str, organisation_slug: str | None) -> list[Project]:
    """Up to two of the caller's projects. As a pipeline asks, with a key, the query is at hand."""
    user, key = caller.user, caller.key
    if key and not key.project_id and not organisation_slug:
        if user.is_superuser:
            return _of_organisation.instances(key.organisation_id, slug)
        return _of_member.instances(user.pk, key.organisation_id, slug)
    found = caller.projects().filter(slug=slug)
    if organisation_slug:
        found = found.filter(organisation__slug=organisation_slug)
    return list(found[:2])


def _with_slug(user: User, organisation_id: int, slug: str) -> QuerySet[Project]:
    return visible_projects(user).filter(organisation_id=organisation_id, slug=slug).order_by()


_of_organisation = Compiled(partial(_with_slug, User(is_superuser=True)), int, str)
_of_member = Compiled(lambda pk, *rest: _with_slug(User(pk=pk), *rest), int, int, str)


def make_project(caller: Caller, slug: str, organisation_slug: str | None, name: str = "") -> Project:
    if caller.key and caller.key.project_id:
        raise Problem(403, "permission_denied", "This key is for one project only, which is not this one.")
    organisation = _organisation(caller, organisation_slug)
    caller.require_change(organisation.pk)
    try:
        return project_named(organisation, slug, name)
    except BadSlug as error:
        raise ValidationError({"project": [str(error)]}) from None


def _organisation(caller: Caller, slug: str | None) -> Organisation:
    found = caller.organisations()
    organisations = list(found.filter(slug=slug) if slug else found.order_by("pk")[:2])
    if len(organisations) > 1:
        raise _which("You belong to several organisations")
    if not organisations:
        known = ", ".join(found.values_list("slug", flat=True)[:20]) or "none"
        raise ValidationError({"organisation": [f"You belong to no such organisation. Yours: {known}."]})
    return organisations[0]


def _which(why: str) -> ValidationError:
    return ValidationError({"organisation": [f"{why}: say in which one, by its slug."]}, code="required")
