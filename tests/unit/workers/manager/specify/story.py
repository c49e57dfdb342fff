"""A run of a story, its manager's job, and the specs that a scripted model proposes."""

from __future__ import annotations

from typing import Any

from apps.runs.models import Run
from apps.runs.outcome import Outcome
from apps.runs.plan.workflows import SPECIFY
from apps.runs.services.active import ActiveJob
from apps.runs.services.advance import decide_and_prepare
from apps.runs.services.finish import finish
from apps.runs.services.perform import attempt
from apps.runs.services.start import Wishes, start_run
from tests.conftest import People
from tests.providers import KEY, Provider, calls
from tests.unit.workers.jobs import held
from workers.manager.specify.specify import specify

STORY = "A page that greets whoever opens it."
SPEC = """\
id: greeting
title: A greeting
description: |
  A page that says hello. Assumptions: in English.
tasks:
  - id: page
    title: The page
    outputs: [{path: /workspace/index.html}]
    tests: [{run: grep -q Hello index.html, dir: /workspace}]
"""
COLOUR = {"text": "Which colour?", "choices": ["red", "blue"]}
PROPOSES = calls("propose_spec", spec=SPEC)
ASKS = calls("ask", questions=[COLOUR])


def told(people: People, story: str = STORY, **wishes: Any) -> Run:
    return start_run(people.project, None, people.owner, workflow="story", wishes=Wishes(story, **wishes))


def use(settings: Any, provider: Provider, format: str = "openai") -> None:
    settings.MODELS = {"": [f"{format}/gpt-4o-mini"]}
    settings.MODEL_API_KEY, settings.MODEL_API_BASE = KEY, provider.address(format)


def work(run: Run) -> tuple[ActiveJob, Outcome]:
    """What the worker does with the run's next manager.specify, up to the row."""
    run.refresh_from_db()
    if not run.jobs.filter(step=SPECIFY, status="queued").exists():
        decide_and_prepare(run.pk)
        run.refresh_from_db()
    active = held(run, SPECIFY)
    outcome = attempt(active, specify)
    finish(active, outcome, run.epoch)
    run.refresh_from_db()
    return active, outcome
