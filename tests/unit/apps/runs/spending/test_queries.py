"""What was spent, by whom."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.runs.models import ModelCall
from apps.runs.spending.queries import purse_if_any, spent_by, spent_by_project, spent_per
from apps.runs.spending.spend import Used, release, reserve, settle
from apps.runs.spending.wording import dollars
from tests.unit.apps.runs.spending.conftest import Begin

pytestmark = pytest.mark.django_db


def test_calls_are_added_up_per_job_run_model_and_project(begin: Begin) -> None:
    first, second = begin(), begin()
    settle(reserve(first, "a/b", 900, 9_000), Used(100, 20, 50, micros=600))
    settle(reserve(first, "c/d", 900, None), Used(10, 2))
    release(reserve(first, "a/b", 900, 9_000))
    reserve(first, "a/b", 900, 9_000)
    settle(reserve(second, "a/b", 900, 9_000), Used(1, 1, micros=5))
    run = spent_by(first.run.model_calls.all())
    assert (run.calls, run.tokens, run.cached_tokens, run.micros) == (2, 132, 50, 600)
    assert (run.unpriced_calls, run.under_way) == (1, 1)
    assert {model: one.calls for model, one in spent_per(first.run.model_calls.all(), "model").items()} == {
        "a/b": 1,
        "c/d": 1,
    }
    assert spent_per(ModelCall.objects.all(), "job_id")[second.row.pk].micros == 5
    assert spent_by_project(first.run.project_id).calls == 3
    assert spent_by_project(first.run.project_id, timezone.now() + timedelta(days=1)).calls == 0


def test_a_run_that_called_no_model_has_no_purse(begin: Begin) -> None:
    job = begin()
    assert purse_if_any(job.run) is None
    reserve(job, "a/b", 1, 1)
    assert purse_if_any(job.run) is not None


@pytest.mark.parametrize(("micros", "words"), [(0, "$0.00"), (1_234_567, "$1.23"), (4_200, "$0.0042")])
def test_money_in_words(micros: int, words: str) -> None:
    assert dollars(micros) == words
