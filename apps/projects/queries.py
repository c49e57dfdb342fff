"""Reads of projects that more than one face needs."""

from __future__ import annotations

from django.db.models import QuerySet

from apps.accounts.access import visible_organisations
from apps.accounts.models import User
from apps.projects.models import Project


def visible_projects(user: User) -> QuerySet[Project]:
    """The projects that this person may see; every face starts from here."""
    return Project.objects.filter(organisation__in=visible_organisations(user)).select_related("organisation")
