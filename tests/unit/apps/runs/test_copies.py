"""A message that comes twice may run ahead of a join. What a job needs holds it back; the canvas cannot."""

from __future__ import annotations

import pytest

from apps.runs.services import claim as claiming
from apps.runs.services import dispatch, start
from apps.specs.models import Spec, SpecVersion
from tests.conftest import People
from tests.unit.apps.runs.delivery import Hive, Letter, Look, Resumed, committed
from tests.unit.apps.runs.test_delivery import TASKS


@pytest.fixture
def hive(people: People, monkeypatch: pytest.MonkeyPatch) -> Hive:
    """A run whose last task builds on two others; its first message is under way."""
    sent: list[tuple[str, tuple[int, ...]]] = []
    monkeypatch.setattr(dispatch, "send", lambda step, *ids, priority=0: sent.append((step, ids)))
    spec = Spec.objects.create(project=people.project, key="site", title="Site")
    version = SpecVersion.objects.create(spec=spec, number=1, data={"title": "Site", "tasks": TASKS}, sha256="0" * 64)
    with committed():
        hive = Hive(start.start_run(people.project, version, None))
    monkeypatch.setattr(dispatch, "send", hive.sent)
    for step, ids in sent:
        hive.sent(step, *ids)
    return hive


def do(hive: Hive, letter: Letter | Look | Resumed) -> None:
    with committed():
        hive.deliver(letter)
        for active, of in hive.working:
            hive.end(active, of)
        hive.working = []


def run_ahead(hive: Hive) -> None:
    """Of two branches one is done, and its last message comes twice: the join counts to two."""
    while len(hive.letters) < 2:
        do(hive, hive.letters.pop(0))
    branch = hive.letters.pop(0)  # the other one stays under way
    while branch.rest:
        do(hive, branch)
        branch = hive.letters.pop()
    do(hive, branch)
    with committed():
        hive.deliver(branch)
        hive.deliver(hive.letters.pop())


def test_a_second_copy_cannot_run_ahead_of_a_join(hive: Hive) -> None:
    run_ahead(hive)
    assert hive.working == []


def test_what_a_job_needs_is_what_holds_it_back(hive: Hive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claiming, "_builds_on_what_is_there", lambda job: True)
    with pytest.raises(AssertionError, match="began before"):
        run_ahead(hive)
