"""Providers in Django admin: a key goes in and never comes out."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.providers.configured import choose
from apps.providers.models import Provider

pytestmark = pytest.mark.django_db

GIVEN = {"name": "first", "model": "openai/gpt-5", "position": "1", "max_output_tokens": "100", "stall_s": "60"}
ADD = "/admin/providers/provider/add/"


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("operator", password="operator-password"))
    return client


def test_a_key_is_stored_kept_and_taken_away(operator: Client) -> None:
    assert operator.post(ADD, {**GIVEN, "api_key": "sk-first"}).status_code == 302
    change = f"/admin/providers/provider/{Provider.objects.get().pk}/change/"
    assert choose("coding")[0].api_key == "sk-first"
    assert "sk-first" not in operator.get(change).content.decode()
    operator.post(change, {**GIVEN, "stall_s": "61"})
    assert (choose("coding")[0].api_key, choose("coding")[0].stall_s) == ("sk-first", 61)
    operator.post(change, {**GIVEN, "forget_key": "on"})
    assert choose("coding")[0].api_key == ""


def test_an_unknown_role_is_refused(operator: Client) -> None:
    shown = operator.post(ADD, {**GIVEN, "roles": "coding, cooking"})
    assert "is no role that asks a model" in shown.content.decode()
    assert not Provider.objects.exists()


def test_who_is_no_operator_sees_nothing(client: Client) -> None:
    client.force_login(User.objects.create_user("somebody", password="somebody-password"))
    assert client.get(ADD).status_code in (302, 403)
