"""Secrets are sealed, replaced, opened by name, and never told."""

from __future__ import annotations

import pytest
from django.test.utils import override_settings

from apps.projects.models import Secret
from apps.projects.secrets import VALUE_LIMIT_BYTES, SecretError, open_secrets, put_secret
from tests.conftest import People

VALUE = "correct horse battery staple"


def test_what_was_sealed_is_opened_for_who_names_it(people: People) -> None:
    put_secret(people.project, "TOKEN", VALUE)
    assert open_secrets(people.project, ["TOKEN"]) == {"TOKEN": VALUE}


def test_at_rest_it_cannot_be_read(people: People) -> None:
    secret = put_secret(people.project, "TOKEN", VALUE)
    assert VALUE.encode() not in bytes(Secret.objects.get(pk=secret.pk).sealed)


def test_the_same_name_again_replaces_the_value(people: People) -> None:
    first = put_secret(people.project, "TOKEN", "old")
    second = put_secret(people.project, "TOKEN", "new")
    assert first.pk == second.pk
    assert open_secrets(people.project, ["TOKEN"]) == {"TOKEN": "new"}


def test_a_secret_of_another_project_is_not_there(people: People) -> None:
    put_secret(people.foreign_project, "TOKEN", VALUE)
    with pytest.raises(SecretError, match="has no secret TOKEN"):
        open_secrets(people.project, ["TOKEN"])


@pytest.mark.parametrize("name", ["", "token", "1TOKEN", "TO KEN", "T" * 61])
def test_a_name_that_is_none_is_refused(people: People, name: str) -> None:
    with pytest.raises(SecretError, match="Name"):
        put_secret(people.project, name, VALUE)


@pytest.mark.parametrize("value", ["", "x" * (VALUE_LIMIT_BYTES + 1)])
def test_a_value_that_is_empty_or_too_large_is_refused(people: People, value: str) -> None:
    with pytest.raises(SecretError) as caught:
        put_secret(people.project, "TOKEN", value)
    assert "xxx" not in str(caught.value)


def test_a_key_that_was_replaced_still_opens(people: People) -> None:
    with override_settings(SECRET_KEY="old-key"):
        put_secret(people.project, "TOKEN", VALUE)
    with override_settings(SECRET_KEY="new-key", SECRET_KEY_FALLBACKS=["old-key"]):
        assert open_secrets(people.project, ["TOKEN"]) == {"TOKEN": VALUE}


def test_without_its_key_it_says_what_to_do(people: People) -> None:
    put_secret(people.project, "TOKEN", VALUE)
    with override_settings(SECRET_KEY="another-key"), pytest.raises(SecretError, match="HIVE_SECRET_KEY"):
        open_secrets(people.project, ["TOKEN"])
