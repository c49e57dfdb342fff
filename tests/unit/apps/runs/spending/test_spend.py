"""Reserve before, settle after, give back what nobody will settle."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.runs.models import Gate, Job, ModelCall, Purse, Run
from apps.runs.outcome import done
from apps.runs.services.finish import finish
from apps.runs.services.output import LeaseLost
from apps.runs.services.reap import end_lost
from apps.runs.services.start import start_run
from apps.runs.spending.explain import Exhausted
from apps.runs.spending.limits import purse_of
from apps.runs.spending.spend import Used, release, reserve, settle, take_step
from apps.specs.services import save
from tests.conftest import People
from tests.unit.apps.runs.spending.conftest import Begin

pytestmark = pytest.mark.django_db

USED = Used(100, 20, micros=600)


def purse(job_or_run: object) -> Purse:
    run = job_or_run if isinstance(job_or_run, Run) else job_or_run.run  # type: ignore[attr-defined]
    return purse_of(run)


def test_what_is_reserved_is_held_and_what_is_settled_is_used(begin: Begin) -> None:
    job = begin(max_tokens=1_000, max_micros=10_000)
    call = reserve(job, "a/b", 900, 9_000)
    assert (purse(job).held_tokens, purse(job).held_micros, purse(job).held_calls) == (900, 9_000, 1)
    assert settle(call, USED)
    left = purse(job)
    assert (left.held_tokens, left.held_micros, left.held_calls) == (0, 0, 0)
    assert (left.used_tokens, left.used_micros, left.used_calls) == (120, 600, 1)


@pytest.mark.parametrize(
    ("limits", "limit"),
    [({"max_tokens": 999}, "tokens"), ({"max_micros": 4_999}, "money"), ({"max_calls": 0}, "calls")],
)
def test_a_call_that_the_purse_does_not_hold_is_refused_and_nothing_changes(
    begin: Begin, limits: dict[str, int], limit: str
) -> None:
    job = begin(**limits)
    with pytest.raises(Exhausted, match="The run's budget is used up") as caught:
        reserve(job, "a/b", 1_000, 5_000)
    assert caught.value.limit == limit
    assert not ModelCall.objects.exists()
    assert purse(job).held_calls == 0


def test_what_others_hold_counts(begin: Begin) -> None:
    job = begin(max_tokens=1_000)
    reserve(job, "a/b", 600, None)
    with pytest.raises(Exhausted, match="600 tokens set aside"):
        reserve(job, "a/b", 600, None)


def test_a_call_is_settled_once(begin: Begin) -> None:
    job = begin()
    call = reserve(job, "a/b", 900, 9_000)
    assert settle(call, USED)
    assert not settle(call, USED)
    assert not release(call)
    assert purse(job).used_tokens == 120


def test_a_released_call_leaves_no_trace_in_the_purse(begin: Begin) -> None:
    job = begin(max_calls=1)
    assert release(reserve(job, "a/b", 900, 9_000))
    assert (purse(job).held_calls, purse(job).used_calls) == (0, 0)
    reserve(job, "a/b", 900, 9_000)


def test_an_ended_job_gives_back_what_it_held(begin: Begin) -> None:
    job = begin()
    reserve(job, "a/b", 900, 9_000)
    finish(job, done(), 1)
    assert (purse(job).held_calls, purse(job).held_tokens, purse(job).held_micros) == (0, 0, 0)


def test_a_lost_job_gives_back_what_it_held(begin: Begin) -> None:
    job = begin()
    reserve(job, "a/b", 900, 9_000)
    assert end_lost(Job.objects.get(pk=job.row.pk), "Its worker process 4711 died.")
    assert (purse(job).held_calls, ModelCall.objects.get().state) == (0, "released")


def test_a_worker_that_comes_back_from_the_dead_books_what_it_spent_but_reserves_no_more(begin: Begin) -> None:
    job = begin()
    call = reserve(job, "a/b", 900, 9_000)
    end_lost(Job.objects.get(pk=job.row.pk), "Its worker process 4711 died.")
    assert settle(call, USED)
    assert (purse(job).used_tokens, purse(job).held_tokens, purse(job).held_calls) == (120, 0, 0)
    with pytest.raises(LeaseLost):
        reserve(job, "a/b", 900, 9_000)
    assert purse(job).held_calls == 0


def test_a_repair_shares_the_budget_and_a_retry_has_its_own(begin: Begin) -> None:
    first = begin(max_calls=1)
    settle(reserve(first, "a/b", 10, 10), USED)
    with pytest.raises(Exhausted):
        reserve(begin(parent=first.run, cause=Run.Cause.REPAIR), "a/b", 10, 10)
    reserve(begin(parent=first.run, cause=Run.Cause.RETRY), "a/b", 10, 10)


@pytest.mark.parametrize(("setting", "whose"), [("PROJECT_BUDGET", "project"), ("USER_BUDGET", "person")])
def test_a_day_has_a_budget_too(begin: Begin, settings: Any, setting: str, whose: str) -> None:
    setattr(settings, setting, {"max_tokens": 1_000})
    settle(reserve(begin(), "a/b", 900, None), Used(800, 100))
    other = begin()
    with pytest.raises(Exhausted, match=whose):
        reserve(other, "a/b", 200, None)
    assert purse(other).held_calls == 0
    Purse.objects.exclude(day=None).update(day=timezone.now().date() - timedelta(days=1))
    reserve(other, "a/b", 200, None)


def test_steps_are_counted(begin: Begin) -> None:
    job = begin(max_steps=2)
    take_step(job)
    take_step(job)
    with pytest.raises(Exhausted, match="2 steps of 2 steps used") as caught:
        take_step(job)
    assert caught.value.limit == "steps"


def test_time_is_counted_but_not_the_time_that_a_person_takes(begin: Begin) -> None:
    job = begin(max_seconds=600)
    now = timezone.now()
    job.run.started_at = now - timedelta(hours=3)
    gate = Gate.objects.create(run=job.run, name="after_plan", opened_at=now - timedelta(hours=2, minutes=55))
    gate.decided_at = now
    gate.save()
    take_step(job)
    job.run.started_at = now - timedelta(hours=4)
    with pytest.raises(Exhausted, match="time") as caught:
        reserve(job, "a/b", 10, 10)
    assert caught.value.limit == "time"


def test_a_spec_may_ask_for_less_than_the_installation_allows_and_not_for_more(people: People, settings: Any) -> None:
    settings.RUN_BUDGET = {"max_micros": 5_000_000, "max_calls": 100}
    text = "id: a\ntitle: A\nbudget: {usd: 0.5, calls: 1000, time: 10m}\ntests: [{run: 'true'}]\n"
    run = start_run(people.project, save(people.project, text, people.owner), people.owner)
    purse = purse_of(run)
    assert (purse.max_micros, purse.max_calls, purse.max_seconds, purse.max_tokens) == (500_000, 100, 600, None)
