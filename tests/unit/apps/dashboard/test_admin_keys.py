"""Keys that an operator makes in Django admin."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from apps.accounts.keys import find_key
from apps.accounts.models import ApiKey, User
from tests.conftest import People
from tests.unit.apps.dashboard.conftest import Visit

ADD = "admin:accounts_apikey_add"


@pytest.fixture
def operator(people: People, visit: Visit) -> Client:
    User.objects.filter(pk=people.owner.pk).update(is_staff=True, is_superuser=True)
    return visit(User.objects.get(pk=people.owner.pk))


def said(people: People, **changes: Any) -> dict[str, Any]:
    user, organisation = people.teammate.pk, people.project.organisation_id
    return {"name": "CI", "user": user, "organisation": organisation, "scopes": ["jobs:create"], **changes}


def test_a_key_is_shown_once_and_works(people: People, operator: Client) -> None:
    assert operator.get(reverse(ADD)).status_code == 200
    answer = operator.post(reverse(ADD), said(people, project_id=people.project.pk))
    shown = re.findall(r"<code data-new-key>(.+?)</code>", answer.content.decode())
    found = find_key(shown[0])
    assert found is not None
    assert (found.user, found.scopes, found.project_id) == (people.teammate, ["jobs:create"], people.project.pk)
    assert "no-store" in answer["Cache-Control"]
    for page in (reverse("admin:accounts_apikey_changelist"), reverse("admin:accounts_apikey_change", args=[found.pk])):
        assert shown[0].rpartition("_")[2] not in operator.get(page).content.decode()


@pytest.mark.parametrize("wrong", ["outsider", "no operator", "no scope", "no name"])
def test_a_key_that_makes_no_sense_is_not_made(people: People, operator: Client, wrong: str) -> None:
    changes: dict[str, Any] = {
        "outsider": {"user": people.outsider.pk},
        "no operator": {"scopes": ["admin"]},
        "no scope": {"scopes": ["everything"]},
        "no name": {"name": ""},
    }[wrong]
    answer = operator.post(reverse(ADD), said(people, **changes))
    assert (answer.status_code, "errorlist" in answer.content.decode()) == (200, True)
    assert not ApiKey.objects.exists()


def test_staff_who_may_change_keys_make_none(people: People, visit: Visit) -> None:
    User.objects.filter(pk=people.viewer.pk).update(is_staff=True)
    people.viewer.user_permissions.set(Permission.objects.filter(codename__endswith="_apikey"))
    client = visit(User.objects.get(pk=people.viewer.pk))
    assert client.post(reverse(ADD), said(people)).status_code == 403
    assert not ApiKey.objects.exists()
