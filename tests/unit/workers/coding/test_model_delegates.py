"""delegate and ask as a model has them: a provider over real HTTP, real sandboxes, one attempt after the other."""

from __future__ import annotations

from typing import Any

import pytest

from apps.runs.models import Gate, Job, Run
from apps.runs.outcome import Outcome
from apps.runs.services.advance import decide_and_prepare
from apps.runs.services.approve import approve_gate
from apps.runs.services.finish import finish
from apps.runs.services.perform import attempt
from hive.home import Home
from tests.conftest import People
from tests.providers import calls, scripted
from tests.unit.workers.coding.test_model_at_work import PLAN, use
from tests.unit.workers.jobs import held, planned
from workers.coding.write import write
from workers.places import repository_of

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = {"path": "/workspace/tasks/site/index.html", "content": "<h1>Hello</h1>\n"}
DONE = calls("submit", summary="Done.")


def code(run: Run) -> Outcome:
    """The next attempt, from its claim to its end."""
    decide_and_prepare(run.pk)
    run.refresh_from_db()
    active = held(run, "coding.code", run.tasks.get())
    outcome = attempt(active, write)
    finish(active, outcome, run.epoch)
    decide_and_prepare(run.pk)
    return outcome


def test_what_a_sub_task_writes_and_says_comes_back_to_its_parent(people: People, home: Home, settings: Any) -> None:
    run = planned(people, **PLAN)
    parent = [
        calls("write", path="/workspace/notes.txt", content="from the parent\n"),
        calls("delegate", title="Page", task="Write the page."),
        calls("shell", command="cd $HIVE_WORKSPACE && cat tasks/site/index.html; ls"),
        DONE,
    ]
    child = [
        calls("shell", command="cd $HIVE_WORKSPACE && cat notes.txt && rm notes.txt"),
        calls("write", **PAGE),
        calls("submit", summary="Wrote the page."),
    ]
    with scripted([*parent[:2], *child, *parent[2:]]) as provider:
        use(settings, provider)
        assert code(run).reason == "delegated"
        made = Run.objects.get(parent=run)
        assert code(made).status == "completed"
        outcome = code(run)
    assert outcome.status == "completed", outcome.message
    said = [seen.last for seen in provider.seen]
    assert "from the parent" in said[3]
    assert f"The sub-task (run {made.pk}) is done. It says:\nWrote the page." in said[5]
    assert "tasks/site/index.html" in said[5]
    assert "<h1>Hello</h1>" in said[6]
    files = repository_of(people.project).files(outcome.data["commit"])
    assert ("tasks/site/index.html" in files, "notes.txt" in files) == (True, False)
    assert "delegate" in provider.seen[2].tools


def test_a_question_is_answered_by_a_person_and_the_conversation_goes_on(
    people: People, home: Home, settings: Any
) -> None:
    run = planned(people, **PLAN)
    question = calls("ask", questions=[{"text": "Which colour?", "choices": ["red", "blue"]}, {"text": "Why?"}])
    with scripted([question, calls("write", **PAGE), DONE]) as provider:
        use(settings, provider)
        assert code(run).reason == "asked"
        gate = Gate.objects.get()
        assert not Job.objects.filter(step="coding.code", status__in=["queued", "running"]).exists()
        approve_gate(gate, people.owner, "Soon, please.", ["blue", "It is calm."])
        assert code(run).status == "completed"
    assert provider.seen[1].last == "1. Which colour?\n   blue\n2. Why?\n   It is calm.\nThey add: Soon, please."
    assert len(provider.seen) == 3
