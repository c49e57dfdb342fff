"""Open and close checkouts: branches on which somebody writes over the API."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils import timezone

from apps.accounts.models import User
from apps.projects.code import Desk, NotThere, Person, code_of
from apps.projects.models import Checkout, Project
from apps.projects.queries import in_visible_projects


def visible_checkouts(user: User) -> QuerySet[Checkout]:
    found = Checkout.objects.filter(closed_at=None)
    return found if user.is_superuser else found.filter(in_visible_projects(user, "project"))


def open_checkout(project: Project, branch: str, user: User | None, from_ref: str = "") -> Checkout:
    """A checkout of this branch, which is made at `from_ref` where it is not there. Raises CodeError."""
    code = code_of(project)
    if from_ref and not _is_there(project, branch):
        code.make_branch(branch, from_ref)
    row = Checkout.objects.create(project=project, branch=branch, created_by=user)
    try:
        code.desk(str(row.pk), branch)
    except BaseException:
        row.delete()
        raise
    return row


def _is_there(project: Project, branch: str) -> bool:
    try:
        code_of(project).resolve(branch)
    except NotThere:
        return False
    return True


def desk_of(checkout: Checkout) -> Desk:
    return code_of(checkout.project).desk(str(checkout.pk), checkout.branch)


def close_checkout(checkout: Checkout) -> None:
    """What was not committed is gone."""
    if Checkout.objects.filter(pk=checkout.pk, closed_at=None).update(closed_at=timezone.now()):
        desk_of(checkout).drop()


def person(user: User) -> Person:
    """As whom this person's commits are signed."""
    return Person(user.get_full_name() or user.get_username(), user.email or f"{user.get_username()}@hive.localhost")
