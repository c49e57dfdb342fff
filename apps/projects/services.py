"""Verbs that change projects."""

from __future__ import annotations

import re
import secrets

from django.core.exceptions import ValidationError

from apps.accounts.models import Organisation
from apps.projects.models import SLUG, Project


class BadSlug(ValueError):
    """These characters cannot name a project; the text says which can."""


def slug_from(text: str) -> str:
    """The nearest slug to any words; empty where they have nothing that a slug may hold."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower())[:60].strip("-")


def project_named(organisation: Organisation, slug: str, name: str = "") -> Project:
    """The organisation's project of this slug; made at its first use. Two at once agree. Raises BadSlug."""
    try:
        SLUG(slug)
    except ValidationError as error:
        raise BadSlug(f"{slug!r} cannot name a project. {' '.join(error.messages)}") from None
    defaults = {"name": name[:120] or slug}
    return Project.objects.get_or_create(organisation=organisation, slug=slug, defaults=defaults)[0]


def show_badge(project: Project) -> bool:
    """From now on whoever has the badge's address sees whether the project's last run succeeded, and nothing else.

    False if it had a badge. Of two at once one makes it.
    """
    without = Project.objects.filter(pk=project.pk, badge_token="")
    return bool(without.update(badge_token=secrets.token_urlsafe(32)))


def hide_badge(project: Project) -> bool:
    """The address shows nothing any more, for good; a new badge has another one. False if there was none."""
    return bool(Project.objects.filter(pk=project.pk).exclude(badge_token="").update(badge_token=""))
