"""coding.code with the engine `model`: a provider over real HTTP, a real sandbox, a budget, a commit."""

from __future__ import annotations

from typing import Any

import pytest

from apps.runs.models import ModelCall, Purse
from hive.home import Home
from tests.conftest import People
from tests.providers import KEY, Provider, calls, scripted
from tests.unit.workers.jobs import held, planned
from workers.coding.write import write
from workers.places import repository_of

pytestmark = pytest.mark.django_db(transaction=True)

WORK = [
    calls("write", path="/workspace/tasks/site/index.html", content="<h1>Hello</h1>\n"),
    calls("shell", command="cat index.html"),
    calls("submit", summary="Wrote the page."),
]
PLAN: dict[str, Any] = {"engine": "model", "inputs": [], "constraints": {"sandbox": "process"}}


def use(settings: Any, provider: Provider, format: str = "anthropic") -> None:
    settings.MODELS = {"": [f"{format}/claude-sonnet-4-5"]}
    settings.MODEL_API_KEY, settings.MODEL_API_BASE = KEY, provider.address(format)


def test_a_model_writes_the_code_and_every_call_is_booked(people: People, home: Home, settings: Any) -> None:
    run = planned(people, **PLAN)
    with scripted(WORK) as provider:
        use(settings, provider)
        outcome = write(held(run, "coding.code", run.tasks.get()))
    assert outcome.status == "completed", outcome.message
    assert "tasks/site/index.html" in repository_of(people.project).files(outcome.data["commit"])
    assert "<h1>Hello</h1>" in provider.seen[2].last
    assert ModelCall.objects.filter(run=run, state="settled").count() == 3
    assert Purse.objects.get(scope="run").used_steps == 3


def test_at_the_cap_the_job_ends_with_that_reason_and_its_work_is_kept(
    people: People, home: Home, settings: Any
) -> None:
    run = planned(people, **PLAN)
    settings.RUN_BUDGET = {"max_calls": 1}
    with scripted(WORK) as provider:
        use(settings, provider)
        outcome = write(held(run, "coding.code", run.tasks.get()))
    assert (outcome.status, outcome.reason) == ("failed", "budget_exhausted")
    assert "tasks/site/index.html" in repository_of(people.project).files(outcome.data["commit"])
    assert len(provider.seen) == 1
