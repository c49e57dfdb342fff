"""Who is let in: keys, sessions, CSRF; and who is not any more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone

from apps.accounts.keys import revoke_key
from apps.accounts.models import ApiKey
from apps.api.auth import who_now
from tests.conftest import People
from tests.unit.apps.api.conftest import Api, Things


def code_of(api: Api) -> tuple[int, str]:
    response = api.get("/runs")
    return response.status_code, response.json().get("code", "")


def test_a_key_lets_in(with_key: Callable[..., Api]) -> None:
    assert code_of(with_key()) == (200, "")


@pytest.mark.parametrize("key", ["", "hive_", "hive_00000000_x", "x" * 5000, "hive_ä_ö"])
def test_a_wrong_key_is_told_so(people: People, key: str) -> None:
    api = Api()
    api.headers = {"Authorization": f"Api-Key {key}".encode().decode("latin-1")}
    assert code_of(api) == (401, "invalid_key")


def test_an_expired_key_a_revoked_one_and_that_of_an_inactive_person_are_told_so(
    people: People, with_key: Callable[..., Api]
) -> None:
    revoked = with_key()
    revoke_key(revoked.row)  # type: ignore[attr-defined]
    assert code_of(with_key(expires_at=timezone.now() - timedelta(seconds=1))) == (401, "invalid_key")
    assert code_of(revoked) == (401, "invalid_key")
    key = with_key()
    type(people.owner).objects.filter(pk=people.owner.pk).update(is_active=False)
    assert code_of(key) == (401, "invalid_key")


def test_a_wrong_key_is_not_helped_by_a_session(owner: Api) -> None:
    owner.headers = {"Authorization": "Api-Key hive_00000000_x"}
    assert code_of(owner) == (401, "invalid_key")


def test_a_key_does_not_reach_beyond_its_organisation(people: People, with_key: Callable[..., Api]) -> None:
    from apps.accounts.models import Membership, Role
    from apps.runs.services.start import start_run

    key = with_key()
    Membership.objects.create(organisation=people.foreign_project.organisation, user=people.owner, role=Role.OWNER)
    run = start_run(people.foreign_project, None, people.outsider, workflow="noop")
    assert Api(people.owner).get(f"/runs/{run.pk}").status_code == 200
    assert key.get(f"/runs/{run.pk}").status_code == 404


def test_a_superusers_key_stays_within_its_organisation(people: People, with_key: Callable[..., Api]) -> None:
    from apps.runs.services.start import start_run

    type(people.owner).objects.filter(pk=people.owner.pk).update(is_superuser=True)
    run = start_run(people.foreign_project, None, people.outsider, workflow="noop")
    assert Api(people.owner).get(f"/runs/{run.pk}").status_code == 200
    assert with_key().get(f"/runs/{run.pk}").status_code == 404


def test_a_session_changes_nothing_without_the_csrf_token(people: People) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(people.owner)
    body = {"data": '{"workflow": "noop"}', "content_type": "application/json"}
    refused = client.post("/api/v1/runs", **body)  # type: ignore[arg-type]
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf_failed")
    client.cookies["csrftoken"] = token = "x" * 32
    assert client.post("/api/v1/runs", **body, headers={"X-CSRFToken": token}).status_code == 201  # type: ignore[arg-type]


def test_a_key_needs_no_csrf_token(with_key: Callable[..., Api]) -> None:
    key = with_key()
    key.client = Client(enforce_csrf_checks=True)
    assert key.post("/runs", {"workflow": "noop"}).status_code == 201


def test_who_is_still_signed_in_is_known_again_later(people: People) -> None:
    request = signed_in(people)
    assert who_now(request, None) == (people.owner, None)


@pytest.mark.parametrize("left", ["signed out", "deactivated", "new password"])
def test_who_left_is_not(people: People, left: str) -> None:
    request = signed_in(people)
    if left == "signed out":
        SessionStore(request.session.session_key).delete()
    elif left == "deactivated":
        type(people.owner).objects.filter(pk=people.owner.pk).update(is_active=False)
    else:
        people.owner.set_password("another one")
        people.owner.save()
    assert who_now(request, None) is None


def test_a_key_that_was_revoked_is_not(people: People, with_key: Callable[..., Api]) -> None:
    row: ApiKey = with_key().row  # type: ignore[attr-defined]
    assert who_now(HttpRequest(), row) == (people.owner, row)
    revoke_key(row)
    assert who_now(HttpRequest(), row) is None


def signed_in(people: People) -> HttpRequest:
    client = Client()
    client.force_login(people.owner)
    request = HttpRequest()
    request.session = SessionStore(client.session.session_key)
    request.user = AnonymousUser()
    return request


def test_the_answer_is_kept_by_no_cache(owner: Api, things: Things) -> None:
    assert owner.get(f"/runs/{things.run.pk}")["Cache-Control"] == "no-store"
