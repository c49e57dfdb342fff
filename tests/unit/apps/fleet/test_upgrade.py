"""An agent whose program is too old is told so, and gets nothing until it has been upgraded."""

from __future__ import annotations

import pytest

from apps.fleet.models import Agent
from apps.fleet.services import upgrade
from apps.fleet.services.heartbeat import Beat, beat
from apps.fleet.services.offer import offer_to_many, offer_up_to
from apps.fleet.services.upgrade import ask_to_upgrade, too_old
from apps.runs.models import Job


@pytest.fixture(autouse=True)
def _oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upgrade, "OLDEST", "1.10.2")


def of_version(agent: Agent, version: str) -> Agent:
    agent.version = version
    agent.save()
    ask_to_upgrade(agent)
    return agent


@pytest.mark.parametrize("version", ["0.1.0", "1.9.9", "1.10", "1.10.1rc1"])
def test_what_comes_before_the_oldest_is_too_old(version: str) -> None:
    assert too_old(version)


@pytest.mark.parametrize("version", ["1.10.2", "1.11", "2.0.0", "10.0", "source", "", "1.10.2+local"])
def test_what_does_not_or_names_no_version_is_not(version: str) -> None:
    assert not too_old(version)


def test_an_old_agent_is_told_until_it_has_heard_and_only_once(agent: Agent) -> None:
    of_version(agent, "1.0.0")
    ask_to_upgrade(agent)
    ((number, kind),) = beat(agent, Beat()).commands
    assert kind == "upgrade-needed"
    assert beat(agent, Beat(heard=[number])).commands == []


def test_an_old_agent_is_given_no_job_and_one_that_was_upgraded_is(agent: Agent, job: Job) -> None:
    of_version(agent, "1.0.0")
    assert offer_up_to(agent, 1) == []
    assert offer_to_many({agent.pk: 1}) == {}
    of_version(agent, "1.10.2")
    assert beat(agent, Beat()).commands == []
    assert [one.job_id for one in offer_up_to(agent, 1)] == [job.pk]
