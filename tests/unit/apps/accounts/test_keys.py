"""API keys: shown once, kept as a digest, valid until they are not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.accounts.keys import ORDINARY, SCOPES, create_key, find_key, revoke_key
from apps.accounts.models import ApiKey
from tests.conftest import People


def test_a_key_is_found_by_what_was_shown_and_kept_only_as_a_digest(people: People) -> None:
    made = create_key(people.owner, people.project.organisation, "ci")
    row = ApiKey.objects.get()
    assert find_key(made.key) == row
    secret = made.key.split("_", 2)[2]
    assert not any(secret in str(value) for value in ApiKey.objects.values().get().values())


def test_a_changed_key_is_not_found(people: People) -> None:
    key = create_key(people.owner, people.project.organisation, "ci").key
    for wrong in (key[:-1], key + "x", key.swapcase(), key.replace("hive_", ""), "hive__" + key.split("_", 2)[2]):
        assert find_key(wrong) is None


def test_a_key_with_an_underscore_in_its_secret_is_found(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    import secrets

    monkeypatch.setattr(secrets, "token_urlsafe", lambda size: "with_under_scores")
    assert find_key(create_key(people.owner, people.project.organisation, "ci").key) is not None


def test_a_scope_that_does_not_exist_is_refused(people: People) -> None:
    with pytest.raises(ValueError, match=r"Unknown scopes: runs:destroy\. Known: runs:read"):
        create_key(people.owner, people.project.organisation, "ci", ["runs:destroy", "runs:read"])
    assert not ApiKey.objects.exists()


def test_without_scopes_named_a_key_has_all_but_the_operators(people: People) -> None:
    assert create_key(people.owner, people.project.organisation, "ci").row.scopes == list(ORDINARY)


def test_the_operators_scope_is_for_operators(people: People) -> None:
    with pytest.raises(ValueError, match="for operators"):
        create_key(people.owner, people.project.organisation, "ci", SCOPES)
    people.owner.is_superuser = True
    assert "admin" in create_key(people.owner, people.project.organisation, "ci", SCOPES).row.scopes


def test_a_key_expires_and_is_revoked(people: People) -> None:
    organisation, now = people.project.organisation, timezone.now()
    assert find_key(create_key(people.owner, organisation, "old", expires_at=now - timedelta(seconds=1)).key) is None
    assert find_key(create_key(people.owner, organisation, "new", expires_at=now + timedelta(hours=1)).key)
    made = create_key(people.owner, organisation, "revoked")
    revoke_key(made.row)
    assert find_key(made.key) is None


def test_revoking_twice_keeps_the_first_moment(people: People) -> None:
    row = create_key(people.owner, people.project.organisation, "ci").row
    moments = []
    for _ in range(2):
        revoke_key(row)
        moments.append(ApiKey.objects.get().revoked_at)
    assert moments[0] == moments[1]


def test_use_is_noted_at_most_once_a_minute(people: People) -> None:
    key = create_key(people.owner, people.project.organisation, "ci").key
    find_key(key)
    first = ApiKey.objects.get().last_used_at
    find_key(key)
    assert ApiKey.objects.get().last_used_at == first
    ApiKey.objects.update(last_used_at=timezone.now() - timedelta(minutes=2))
    find_key(key)
    assert ApiKey.objects.get().last_used_at >= first  # type: ignore[operator]
