"""coding.code with the engine `opencode`: where it is not installed, and with a stand-in for the program."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from apps.events.models import Event
from apps.runs.models import Purse
from hive.home import Home
from tests.conftest import People
from tests.providers import KEY, Provider, says, scripted
from tests.unit.workers.coding.opencode_stub import stub
from tests.unit.workers.jobs import held, planned
from workers.coding.engines import choose
from workers.coding.write import write
from workers.places import repository_of

pytestmark = pytest.mark.django_db(transaction=True)

PLAN: dict[str, Any] = {"engine": "opencode", "constraints": {"sandbox": "process"}}
WORKS = """
open("index.html", "w").write("<h1>" + ask("What is in it?") + "</h1>")
step(command="write it", output="written")
done()
"""


def use(settings: Any, provider: Provider) -> None:
    settings.MODELS = {"": ["openai/scripted-1"]}
    settings.MODEL_API_KEY, settings.MODEL_API_BASE = KEY, provider.address("openai")


def test_where_it_is_not_installed_the_job_says_so(people: People, home: Home, settings: Any) -> None:
    settings.OPENCODE = "/nowhere/opencode"
    run = planned(people, **PLAN)
    outcome = write(held(run, "coding.code", run.tasks.get()))
    assert (outcome.status, outcome.reason) == ("failed", "script_failed")
    assert "HIVE_OPENCODE=/nowhere/opencode is no program" in outcome.message


def test_its_calls_are_booked_and_told_as_those_of_the_model_engine(
    people: People, home: Home, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.work.mkdir(mode=0o711, parents=True, exist_ok=True)
    program = stub(home.work, WORKS)
    monkeypatch.setattr(choose, "find", lambda *_, **__: program)
    run = planned(people, **PLAN)
    job = held(run, "coding.code", run.tasks.get())
    with scripted([says("Bees")]) as provider:
        use(settings, provider)
        outcome = write(job)
    assert outcome.status == "completed", outcome.message
    assert "tasks/site/index.html" in repository_of(people.project).files(outcome.data["commit"])
    assert Purse.objects.get(scope="run").used_steps == 1
    told = Event.objects.filter(job_id=job.row.pk).order_by("number")
    assert {"asked", "answered"} <= {event.data["state"] for event in told.filter(type="model")}
    assert [event.type for event in told.filter(type__startswith="tool")] == ["tool_start", "tool_end"]
