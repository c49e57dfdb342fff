"""Jobs that hold their lease, in runs with small budgets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apps.runs.models import Job, Run
from apps.runs.services import dispatch
from apps.runs.services.active import ActiveJob
from apps.runs.services.claim import claim
from apps.runs.services.start import start_run
from tests.conftest import People

Begin = Callable[..., ActiveJob]


@pytest.fixture
def begin(people: People, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Begin:
    """begin(max_calls=…): the first job of a new run, at work, in a run with these limits and no others."""
    monkeypatch.setattr(dispatch, "send", lambda *_, **__: None)
    settings.RUN_BUDGET = {}

    def start(parent: Run | None = None, cause: str = Run.Cause.REQUEST, **limits: Any) -> ActiveJob:
        settings.RUN_BUDGET = limits or settings.RUN_BUDGET
        run = start_run(people.project, None, people.owner, workflow="noop", parent=parent, cause=cause)
        row = claim(Job.objects.get(run=run).pk, run.epoch, "test/1")
        assert row is not None
        return ActiveJob(row)

    return start
