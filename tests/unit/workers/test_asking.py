"""A model for a job: configured, budgeted, told of; over real HTTP."""

from __future__ import annotations

import threading
from typing import Any

import httpx
import pytest

from apps.events.models import Event
from apps.projects.secrets import put_secret
from apps.runs.models import Purse
from apps.runs.outcome import JobFailed
from apps.runs.services.active import ActiveJob
from apps.runs.spending.queries import spent_by
from tests.conftest import People
from tests.providers import KEY, Provider, says, scripted, stalls
from tests.unit.workers.jobs import held, started
from workers.asking import JobBudget, gateway_for, model_for
from workers.llm.budget import BudgetExhausted
from workers.llm.port import Delta, Kind, Message, ModelCanceled, Role
from workers.telling import Telling

pytestmark = pytest.mark.django_db(transaction=True)

HELLO = (Message(Role.USER, "Hello"),)


@pytest.fixture
def job(people: People, monkeypatch: pytest.MonkeyPatch) -> ActiveJob:
    monkeypatch.setattr("apps.runs.services.dispatch.send", lambda *_, **__: None)
    return held(started(people), "manager.plan")


def use(settings: Any, provider: Provider) -> None:
    settings.MODELS = {"": ["openai/gpt-4o"]}
    settings.MODEL_API_KEY, settings.MODEL_API_BASE = KEY, provider.address("openai")


def told(job: ActiveJob) -> list[dict[str, Any]]:
    return [event.data for event in Event.objects.filter(job_id=job.row.pk, type="model").order_by("number")]


def test_a_call_is_a_row_an_event_before_and_an_event_after(job: ActiveJob, settings: Any) -> None:
    with scripted([says("Good day.", input_tokens=1000, output_tokens=100)]) as provider:
        use(settings, provider)
        with Telling(job, every_s=60) as telling:
            assert model_for(job).reply(HELLO, on_delta=telling).text == "Good day."
    spent = spent_by(job.run.model_calls.all())
    assert (spent.calls, spent.tokens, spent.micros) == (1, 1100, 3500)  # gpt-4o: $2.50 and $10 per million
    events = [event for event in told(job) if event["state"] != "waiting"]  # there may be some on a busy machine
    assert [event["state"] for event in events] == ["asked", "answered", "writes_text"]
    assert events[1]["usd"] == 0.0035


def test_at_the_cap_no_call_is_made(job: ActiveJob, settings: Any) -> None:
    settings.RUN_BUDGET = {"max_calls": 1}
    with scripted([says("One."), says("Two.")]) as provider:
        use(settings, provider)
        model = model_for(job)
        model.reply(HELLO)
        with pytest.raises(BudgetExhausted, match="The run's budget is used up"):
            model.reply(HELLO)
    assert len(provider.seen) == 1


def test_a_canceled_run_ends_the_call_and_gives_back_what_it_held(job: ActiveJob, settings: Any) -> None:
    with scripted([stalls(60)]) as provider:
        use(settings, provider)
        threading.Timer(0.5, job.stop, ["canceled_by_user", "Canceled by owner."]).start()
        with pytest.raises(ModelCanceled, match="Canceled by owner"):
            model_for(job).reply(HELLO)
    purse = Purse.objects.get(scope="run")
    assert (purse.held_calls, purse.held_tokens, purse.held_micros) == (0, 0, 0)


def test_without_a_model_the_job_says_what_to_set(job: ActiveJob) -> None:
    with pytest.raises(JobFailed, match="HIVE_MODEL"):
        model_for(job)


def test_a_step_is_counted(job: ActiveJob, settings: Any) -> None:
    settings.RUN_BUDGET = {"max_steps": 1}
    budget = JobBudget(job)
    budget.step()
    with pytest.raises(BudgetExhausted):
        budget.step()


def test_deltas_are_told_once_in_a_while_and_waits_at_once(job: ActiveJob) -> None:
    with Telling(job, every_s=60) as telling:
        for word in ("one ", "two ", "three"):
            telling(Delta(Kind.TEXT, word))
        telling(Delta(Kind.WAITING, "Waiting for a/b", 4.5))
        telling(Delta(Kind.TOOL_CALL, '{"command"'))
    assert [(one["state"], one["text"]) for one in told(job)] == [
        ("writes_text", "one two three"),
        ("waiting", "Waiting for a/b"),
        ("writes_tool_call", '{"command"'),
    ]


def test_a_secret_that_comes_in_two_pieces_is_masked(job: ActiveJob) -> None:
    put_secret(job.run.project, "TOKEN", "hunter2-hunter2")
    with Telling(job, every_s=0) as telling:
        telling(Delta(Kind.TEXT, "It is hunter2-"))
        telling(Delta(Kind.TEXT, "hunter2, they say."))
    text = "".join(one["text"] for one in told(job))
    assert text == "It is [masked], they say."


def test_the_gateway_of_a_job_masks_counts_and_dies_with_it(job: ActiveJob, settings: Any) -> None:
    put_secret(job.run.project, "TOKEN", "hunter2-hunter2")
    asked = {"messages": [{"role": "user", "content": "hunter2-hunter2"}]}
    with scripted([says("Fine.", input_tokens=10, output_tokens=2)]) as provider:
        use(settings, provider)
        with gateway_for(job) as gateway:
            headers = {"Authorization": f"Bearer {gateway.key}"}
            answer = httpx.post(f"{gateway.address}/chat/completions", json=asked, headers=headers, timeout=60)
            assert answer.json()["choices"][0]["message"]["content"] == "Fine."
            job.stop("canceled_by_user", "Canceled by owner.")
            with pytest.raises(httpx.TransportError):
                httpx.get(f"{gateway.address}/models", headers=headers)
    assert provider.seen[0].last == "[masked]"
    purse = Purse.objects.get(scope="run")
    assert (purse.used_calls, purse.used_steps, purse.used_tokens) == (1, 1, 12)
