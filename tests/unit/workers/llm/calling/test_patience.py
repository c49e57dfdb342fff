"""How long to wait before a provider is asked again, and when no more."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest

from workers.llm.apart.failed import retry_after
from workers.llm.calling.patience import Patience
from workers.llm.port import ModelError

PASSING = ModelError("busy")


def test_the_wait_doubles_up_to_a_limit() -> None:
    patience = Patience(attempts=20)
    waits = [patience.wait_s(attempt, PASSING) or 0 for attempt in range(1, 12)]
    assert 0.75 <= waits[0] <= 1.25
    assert 3 <= waits[2] <= 5
    assert max(waits) <= 1.25 * patience.longest_wait_s


def test_the_providers_wish_is_kept_where_it_is_longer() -> None:
    assert Patience().wait_s(1, ModelError("busy", retry_after_s=77)) == 77


@pytest.mark.parametrize(
    ("attempt", "error", "why"),
    [
        (1, ModelError("no", permanent=True), "would not help"),
        (5, PASSING, "after 5 attempts"),
        (1, ModelError("busy", retry_after_s=900), "wants 900 s"),
    ],
)
def test_it_is_given_up_with_a_reason(attempt: int, error: ModelError, why: str) -> None:
    assert Patience().wait_s(attempt, error) is None
    assert why in Patience().why_no_more(attempt, error)


def test_retry_after_is_a_number_or_a_date() -> None:
    assert retry_after({"retry-after": "2.5"}) == 2.5
    assert 50 < (retry_after({"retry-after": formatdate(time.time() + 60, usegmt=True)}) or 0) <= 60
    assert retry_after({"retry-after": "soon"}) is None
    assert retry_after({}) is None
