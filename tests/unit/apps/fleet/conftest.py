"""A run of two steps whose second is for agents with the tag `arm`; agents that may have it, and one that may not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from apps.artifacts.store import installed
from apps.artifacts.store.memory import MemoryStore
from apps.fleet.models import Agent
from apps.fleet.order import Command, Order
from apps.fleet.orders import ORDERS
from apps.fleet.services.enrol import Introduction, create_token, register
from apps.fleet.services.offer import Offer, offer_up_to
from apps.runs.models import Job, Run
from apps.runs.services import dispatch
from tests.conftest import People

STEP = "testing.noop"


@pytest.fixture
def memory() -> Iterator[MemoryStore]:
    with installed(found := MemoryStore()):
        yield found


@pytest.fixture(autouse=True)
def _orders(monkeypatch: pytest.MonkeyPatch, memory: MemoryStore) -> None:
    monkeypatch.setitem(ORDERS, STEP, lambda job: Order((Command(("true",)),), secrets=SECRETS))
    monkeypatch.setattr(dispatch, "send", lambda *args, **kwargs: None)


SECRETS: dict[str, str] = {}

MakeAgent = Callable[..., Agent]
MakeJob = Callable[..., Job]


@pytest.fixture
def make_agent(people: People) -> MakeAgent:
    def make(name: str = "a", tags: tuple[str, ...] = ("arm", "fast"), slots: int = 1, **more: object) -> Agent:
        token = create_token(people.owner, "t", tags=tags, organisation=more.pop("organisation", None))  # type: ignore[arg-type]
        return register(token.token, Introduction(name, slots=slots, **more)).agent  # type: ignore[arg-type]

    return make


@pytest.fixture
def agent(make_agent: MakeAgent) -> Agent:
    return make_agent()


@pytest.fixture
def make_job(people: People) -> MakeJob:
    """A job that waits for an agent."""

    def make(*tags: str, project: object = None) -> Job:
        run = Run.objects.create(project=project or people.project, workflow="noop", title="For agents", epoch=1)
        return Job.objects.create(run=run, role="testing", step=STEP, runs_on=list(tags or ("arm",)))

    return make


@pytest.fixture
def job(make_job: MakeJob) -> Job:
    return make_job()


def offered(agent: Agent, capacity: int = 1) -> Offer:
    (one,) = offer_up_to(agent, capacity)
    return one
