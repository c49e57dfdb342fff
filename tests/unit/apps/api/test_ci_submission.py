"""What a submission costs, and that its answer says of the new run what is said of it afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apps.artifacts.store.memory import MemoryStore
from apps.ci.models import Submission
from apps.events.models import Event, EventType
from apps.events.queries import last_number
from apps.events.services import record, record_all
from apps.fleet.services.enrol import Introduction, create_token, register
from apps.projects.models import Project
from apps.runs.models import Run
from tests.conftest import People
from tests.unit.apps.api.conftest import Api

KEY = Callable[..., Api]
STATEMENTS = 18  # key, role, project; run, submission, task, job, five of events; why it waits


def wanted(**more: Any) -> dict[str, Any]:
    return {"project": "site", "job": {"commands": ["true"], "runs_on": ["bench"]}, **more}


@pytest.fixture
def key(with_key: KEY, memory: MemoryStore) -> Api:
    api = with_key()
    register(create_token(None, "t", tags=["bench"]).token, Introduction("a"))
    assert api.post("/ci/jobs", wanted()).status_code == 201  # notes that the key was used
    return api


def test_a_submission_has_few_statements(key: Api, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(STATEMENTS):
        assert key.post("/ci/jobs", wanted()).status_code == 201


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"job": {"commands": ["a"], "matrix": {"py": ["3.11", "3.12"]}}},
        {"job": "commands: [a]", "package_url": "https://example.org/p.zip"},
    ],
)
def test_the_answer_is_what_its_status_says_afterwards(key: Api, more: dict[str, Any]) -> None:
    first = key.post("/ci/jobs", wanted(**more)).json()
    assert key.get(f"/ci/jobs/{first['id']}/status").json() == first


def test_its_events_are_in_order(key: Api) -> None:
    run_id = key.post("/ci/jobs", wanted(job={"commands": ["a"], "matrix": {"py": ["1", "2"]}})).json()["id"]
    told = [(e.number, e.type, e.data["to"]) for e in Event.objects.filter(run_id=run_id)]
    made, assigned = ("task", "created"), ("task", "assigned")
    assert told == [(at, *one) for at, one in enumerate([("run", "queued"), made, made, assigned, assigned], 1)]


def test_what_fails_half_way_leaves_nothing(key: Api, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("apps.ci.services.submit.queue", broken)
    runs = Run.objects.count()
    assert key.post("/ci/jobs", wanted(project="new")).status_code == 500
    assert (Run.objects.count(), Submission.objects.count()) == (runs, runs)
    assert not Project.objects.filter(slug="new").exists()


def test_several_events_take_the_next_numbers(key: Api) -> None:
    run_id = key.post("/ci/jobs", wanted()).json()["id"]
    before = last_number(run_id)
    assert record_all(run_id, [(EventType.PHASE, {"name": name}) for name in "ab"]) == before + 2
    assert record(run_id, EventType.ERROR, {"message": "c"}) == last_number(run_id) == before + 3
    found = Event.objects.filter(run_id=run_id, number__gt=before).values_list("number", "type", "job_id", "data")
    assert list(found)[:2] == [
        (before + 1, "phase", None, {"name": "a"}),
        (before + 2, "phase", None, {"name": "b"}),
    ]


def test_its_position_counts_what_is_due_before_it_for_the_same_agents(key: Api) -> None:
    def position(**job: Any) -> int:
        sent = key.post("/ci/jobs", wanted(job={"commands": ["a"], "runs_on": ["bench"], **job})).json()
        return sent["cells"][-1]["waits"]["position"]

    assert [position(), position(), position(runs_on=["other"])] == [1, 2, 0]  # the fixture's is before them
    assert [position(priority="low"), position(), position(priority="high")] == [3, 3, 0]
    key.post("/ci/jobs", wanted(package_url="https://example.org/p.zip"))  # not due: its package is to be fetched
    assert position(priority="low") == 6
