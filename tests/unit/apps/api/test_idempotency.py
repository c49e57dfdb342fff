"""The same request, sent again, starts nothing again. (Two at once: tests/flows/test_api_live.py.)"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.api.models import StartedOnce
from apps.runs.models import Run
from tests.conftest import People
from tests.unit.apps.api.conftest import Api

NOOP = {"workflow": "noop"}


def post(api: Api, key: str, body: Any = None) -> Any:
    return api.post("/runs", body or NOOP, headers={"Idempotency-Key": key})


def test_the_second_answer_is_the_first_run_and_says_so(owner: Api) -> None:
    first, second = post(owner, "a"), post(owner, "a")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] == second.json()["id"]
    assert ("Idempotency-Replayed" in first, second["Idempotency-Replayed"]) == (False, "true")
    assert Run.objects.count() == 1


def test_other_keys_and_other_people_start_their_own(owner: Api, people: People) -> None:
    found = {post(api, key).json()["id"] for api, key in ((owner, "a"), (owner, "b"), (Api(people.teammate), "a"))}
    assert len(found) == 3


def test_the_key_of_another_request_is_refused(owner: Api) -> None:
    post(owner, "a")
    response = post(owner, "a", {"workflow": "noop", "project": "other"})
    assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")


def test_a_request_that_was_refused_may_be_corrected_under_its_key(owner: Api) -> None:
    assert post(owner, "a", {"workflow": "magic"}).status_code == 422
    assert post(owner, "a").status_code == 201


@pytest.mark.parametrize("key", ["", "with space", "x" * 201, "ümlaut"])
def test_a_key_that_is_none_is_refused(owner: Api, key: str) -> None:
    response = post(owner, key)
    assert (response.status_code, response.json()["problems"][0]["path"]) == (422, "Idempotency-Key")


def test_after_a_day_the_key_is_free_again_and_old_ones_go(owner: Api) -> None:
    for key in "abc":
        post(owner, key)
    StartedOnce.objects.update(created_at=timezone.now() - timedelta(days=2))
    assert "Idempotency-Replayed" not in post(owner, "a")
    assert list(StartedOnce.objects.values_list("key", flat=True)) == ["a"]
