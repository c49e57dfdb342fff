"""What a forge would be told when a CI run has ended: once, after the commit, and whatever another hook does."""

from __future__ import annotations

from typing import Any

import pytest

from apps.ci import ended
from apps.ci.ended import CiEnd
from apps.runs.models import Run
from apps.runs.outcome import failed
from apps.runs.services.stop import cancel_run
from apps.runs.states import Reason
from tests.conftest import People
from tests.unit.apps.ci.conftest import Submit
from tests.unit.apps.ci.test_submit import end, settle_anyway

SOURCE = {"repository": "me/it", "commit": "c" * 40}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[CiEnd]:
    """Behind a hook that fails."""
    found: list[CiEnd] = []

    def broken(_: CiEnd) -> None:
        raise ConnectionError("The forge is away.")

    monkeypatch.setattr(ended, "HOOKS", [broken, found.append])
    return found


def test_the_end_of_a_ci_run_is_told_once_after_it_was_committed(
    submitted: Submit, told: list[CiEnd], django_capture_on_commit_callbacks: Any
) -> None:
    run = submitted(more={"source": SOURCE}, name="Tests", matrix={"py": ["1", "2"]})
    first, second = run.jobs.all()
    with django_capture_on_commit_callbacks(execute=True):
        end(first, failed(Reason.TESTS_FAILED, "red"))
    assert told == []
    with django_capture_on_commit_callbacks(execute=True):
        end(second)
        assert told == []
    assert told == [CiEnd(run.pk, run.project_id, "Tests", "failed", "tests_failed", told[0].message, SOURCE)]
    assert Run.objects.get(pk=run.pk).message == told[0].message


def test_a_run_that_was_canceled_before_it_began_is_told_as_such(
    submitted: Submit, told: list[CiEnd], people: People, django_capture_on_commit_callbacks: Any
) -> None:
    run = submitted(more={"source": SOURCE})
    with django_capture_on_commit_callbacks(execute=True):
        cancel_run(run, people.owner)
        settle_anyway(run)
    assert [(one.run_id, one.status, one.reason) for one in told] == [(run.pk, "canceled", "canceled_by_user")]
