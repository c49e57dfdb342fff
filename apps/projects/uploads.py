"""Uploads of whole repositories: a link that takes one, and what becomes of what it takes.

Much more may be sent than in any other request, so a link is made first: only who holds one may send so much.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

from django.core import signing

from apps.accounts.access import may_change
from apps.accounts.models import User
from apps.projects.checkouts import person
from apps.projects.code import code_of
from apps.projects.models import Project

SALT = "hive.upload"
LASTS_S = 3600


class BadLink(ValueError):
    """This link is none, has expired, or its person may not do this any more."""


@dataclass(frozen=True)
class Link:
    token: str
    expires_at: datetime


def make_link(project: Project, user: User) -> Link:
    token = signing.dumps([project.pk, user.pk], salt=SALT)
    return Link(token, datetime.now(UTC) + timedelta(seconds=LASTS_S))


def is_link(token: str) -> bool:
    """Whether it was made here and still works: asked before anything is read, without the database."""
    try:
        signing.loads(token, salt=SALT, max_age=LASTS_S)
    except signing.BadSignature:
        return False
    return True


def read_link(token: str) -> tuple[Project, User]:
    """Raises BadLink."""
    try:
        project_id, user_id = signing.loads(token, salt=SALT, max_age=LASTS_S)
        project = Project.objects.select_related("organisation").get(pk=project_id)
        user = User.objects.get(pk=user_id, is_active=True)
    except (signing.BadSignature, ValueError, Project.DoesNotExist, User.DoesNotExist):
        raise BadLink("This link is not valid (any more). Ask for a new one.") from None
    if not may_change(user, project.organisation_id):
        raise BadLink("Whoever this link was made for may not change this project any more.")
    return project, user


def require_own(project: Project) -> None:
    """Raises BadLink: what has an origin gets its files from there."""
    if project.origin_url:
        raise BadLink("This project lies elsewhere: push to its origin instead.")


def take_upload(project: Project, user: User, upload: BinaryIO, name: str = "") -> tuple[str, list[str]]:
    """The commit of the default branch, and notes for the reader. Raises CodeError, BadLink."""
    require_own(project)
    message = f"Upload {name}".strip()[:200]
    return code_of(project).take(upload, project.default_branch, message, person(user))
