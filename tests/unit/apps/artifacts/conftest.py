"""A job that a worker holds, and a store in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from apps.artifacts.store import installed
from apps.artifacts.store.memory import MemoryStore
from apps.runs.models import Job
from apps.runs.outcome import done
from apps.runs.services.active import ActiveJob
from apps.runs.services.claim import claim
from apps.runs.services.finish import finish
from apps.runs.services.start import start_run
from tests.conftest import People


@pytest.fixture
def memory() -> Iterator[MemoryStore]:
    with installed(found := MemoryStore()):
        yield found


@pytest.fixture
def begin_job(people: People) -> Callable[[], ActiveJob]:
    def begin() -> ActiveJob:
        run = start_run(people.project, None, people.owner, workflow="noop")
        row = claim(run.jobs.get().pk, run.epoch, "worker")
        assert row is not None
        return ActiveJob(row)

    return begin


@pytest.fixture
def ended_job(begin_job: Callable[[], ActiveJob]) -> Callable[..., Job]:
    """Makes a job that printed these pieces, one chunk each, and ended."""

    def end(*printed: bytes) -> Job:
        active = begin_job()
        for piece in printed:
            active.log.write(piece)
            active.log.close()
        finish(active, done(), epoch=1)
        return active.row

    return end
