"""A job of the engine `model` that is spoken to: a provider over real HTTP, real rows, one attempt after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apps.runs.models import Job, Run, Turn
from apps.runs.outcome import Outcome
from apps.runs.services.perform import attempt
from apps.runs.services.steer import hand_off, pause_job, resume_job, say
from apps.runs.steering import Steering
from hive.home import Home
from tests.conftest import People
from tests.providers import scripted
from tests.unit.workers.coding.test_model_at_work import PLAN, WORK, use
from tests.unit.workers.jobs import held, planned
from workers.coding.write import write
from workers.kept import KeptTrajectory
from workers.llm.loop.trajectory import Turn as Kept
from workers.llm.port import Message, Role
from workers.steered import Steered

pytestmark = pytest.mark.django_db(transaction=True)


def code(run: Run, attempt_number: int) -> tuple[Job, Outcome]:
    active = held(run, "coding.code", run.tasks.get(), attempt=attempt_number)
    outcome = attempt(active, write)
    Job.objects.filter(pk=active.row.pk).update(status=outcome.status, reason=outcome.reason)
    return active.row, outcome


def at_step(monkeypatch: pytest.MonkeyPatch, number: int, act: Callable[[], object]) -> None:
    """Somebody does this just before the job looks, between two of its steps, for the so-manieth time."""
    looks, look = iter(range(1, 100)), Steered.between

    def between(self: Steered) -> None:
        if next(looks) == number:
            act()
        look(self)

    monkeypatch.setattr(Steered, "between", between)


def test_a_message_is_read_before_the_next_call_and_once_also_after_a_pause(
    people: People, home: Home, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = planned(people, **PLAN)

    def speak() -> None:
        job = Job.objects.get(step="coding.code")
        say(job, people.owner, "Make it blue.")
        pause_job(job, people.owner)

    at_step(monkeypatch, 2, speak)
    with scripted(WORK) as provider:
        use(settings, provider)
        job, outcome = code(run, 1)
        assert (outcome.status, outcome.reason) == ("canceled", "paused")
        resume_job(job, people.owner)
        _, outcome = code(run, 2)
        assert [str(seen.body).count("Make it blue.") for seen in provider.seen] == [0, 1, 1]
    assert outcome.status == "completed", outcome.message
    row = Steering.objects.get(kind="message")
    assert row.done_at
    assert Turn.objects.get(number=row.turn).message["text"].startswith("[owner, who watches this run, writes:]")


def test_a_worker_that_dies_while_it_keeps_a_message_delivers_it_all_the_same_once(
    people: People, home: Home, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """Both rows are one transaction: neither is there without the other."""
    settings.RUN_BUDGET = {}
    run = planned(people, **PLAN)
    active = held(run, "coding.code", run.tasks.get())
    row = say(active.row, people.owner, "Hello")
    kept = KeptTrajectory(active)
    kept.load()
    turn = Kept(Message(Role.USER, "Hello"), said=row.pk)
    with monkeypatch.context() as dying:
        dying.setattr(Steering.objects, "filter", lambda **_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            kept.append(turn)
    assert not Turn.objects.exists()
    kept.append(turn)
    row.refresh_from_db()
    assert (row.turn, row.done_at is None, Turn.objects.count()) == (1, False, 1)


def test_what_is_handed_to_testing_is_committed_as_it_is(
    people: People, home: Home, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = planned(people, **PLAN)

    at_step(
        monkeypatch, 2, lambda: hand_off(Job.objects.get(step="coding.code"), people.owner, "testing", "Good enough.")
    )
    with scripted(WORK) as provider:
        use(settings, provider)
        _, outcome = code(run, 1)
        assert len(provider.seen) == 1
    assert outcome.status == "completed", outcome.message
    assert outcome.data["summary"] == "Handed to testing by owner. Good enough."
