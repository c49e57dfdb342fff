"""Who may see and do what."""

from __future__ import annotations

import pytest

from apps.accounts.access import may_change, may_manage, visible_organisations
from apps.accounts.models import Organisation, Role
from tests.conftest import People


@pytest.mark.parametrize(
    ("who", "sees", "changes", "manages"),
    [
        ("owner", True, True, True),
        ("teammate", True, True, False),
        ("viewer", True, False, False),
        ("outsider", False, False, False),
    ],
)
def test_a_role_decides(people: People, who: str, sees: bool, changes: bool, manages: bool) -> None:
    user, ours = getattr(people, who), people.project.organisation
    assert (ours in visible_organisations(user)) is sees
    assert may_change(user, ours.pk) is changes
    assert may_manage(user, ours.pk) is manages


def test_an_operator_sees_and_does_everything(people: People) -> None:
    people.outsider.is_superuser = True
    assert visible_organisations(people.outsider).count() == 2
    assert may_manage(people.outsider, people.project.organisation_id)


def test_who_is_removed_sees_nothing(people: People) -> None:
    people.owner.memberships.all().delete()
    assert not visible_organisations(people.owner).exists()
    assert not may_change(people.owner, people.project.organisation_id)


@pytest.mark.parametrize(("role", "change", "manage"), [(Role.OWNER, True, True), (Role.MEMBER, True, False)])
def test_a_role_counts_in_its_own_organisation(people: People, role: str, change: bool, manage: bool) -> None:
    other = Organisation.objects.create(name="Other", slug="other")
    other.memberships.create(user=people.outsider, role=role)
    assert (may_change(people.outsider, other.pk), may_manage(people.outsider, other.pk)) == (change, manage)
    ours = people.project.organisation_id
    assert not may_change(people.outsider, ours)
    assert not may_change(people.viewer, ours)
