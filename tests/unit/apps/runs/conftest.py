import pytest

from apps.runs.models import Job, Run
from apps.runs.services import dispatch
from tests.conftest import People
from tests.unit.apps.runs.delivery import committed


class Outbox(list[tuple[object, ...]]):
    """What was sent instead of going to a broker: (step, ids…)."""


@pytest.fixture
def outbox(monkeypatch: pytest.MonkeyPatch) -> Outbox:
    sent = Outbox()
    monkeypatch.setattr(dispatch, "send", lambda step, *ids, priority=0: sent.append((step, *ids)))
    return sent


@pytest.fixture
def job(people: People, outbox: Outbox) -> Job:
    """The first job of a no-op run, queued."""
    from apps.runs.services.start import start_run

    with committed():
        run = start_run(people.project, None, people.owner, workflow="noop")
    outbox.clear()
    return Job.objects.select_related("run").get(run=run)


@pytest.fixture
def run(job: Job) -> Run:
    return job.run
