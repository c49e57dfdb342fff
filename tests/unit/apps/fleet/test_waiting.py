"""Agents that wait are answered when something comes, and give back what they did not hear of."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from apps.fleet import waiting
from apps.fleet.services.offer import Offer
from apps.fleet.waiting import Waiting

NOWHERE = "redis://127.0.0.1:1/0"


class Jobs:
    """Stands in for the database: gives each offer once."""

    def __init__(self) -> None:
        self.waiting: list[Offer] = []
        self.returned: list[Offer] = []

    def give(self, wanting: Mapping[int, int]) -> dict[int, list[Offer]]:
        return {next(iter(wanting)): [self.waiting.pop()]} if self.waiting else {}


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> Jobs:
    found = Jobs()
    monkeypatch.setattr(waiting, "offer_to_many", found.give)
    monkeypatch.setattr(waiting, "take_back", found.returned.extend)
    return found


def test_who_waits_is_answered_when_a_job_comes(jobs: Jobs) -> None:
    async def story() -> list[Offer]:
        here = Waiting(NOWHERE)
        asked = asyncio.create_task(here.wait(1, 1, 20))
        await asyncio.sleep(0.05)
        jobs.waiting.append(Offer(7, "lease"))
        here._look.set()
        return await asked

    assert asyncio.run(story()) == [Offer(7, "lease")]


def test_without_a_wake_up_it_is_found_within_a_look(jobs: Jobs) -> None:
    async def story() -> list[Offer]:
        here = Waiting(NOWHERE)
        asked = asyncio.create_task(here.wait(1, 1, 20))
        await asyncio.sleep(0.05)
        jobs.waiting.append(Offer(7, "lease"))
        return await asked

    assert asyncio.run(story()) == [Offer(7, "lease")]


def test_who_asks_when_nothing_waits_costs_no_look(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []
    monkeypatch.setattr(waiting, "offer_to_many", looks.append)
    monkeypatch.setattr(waiting, "LOOK_S", 60.0)

    async def story() -> None:
        here = Waiting(NOWHERE)
        here._subscription.connected = True  # wake-ups come
        for agent_id in range(10):
            await here.wait(agent_id, 1, 0.05)
            here._subscription.connected = True

    asyncio.run(story())
    assert len(looks) == 1


def test_a_job_that_nobody_who_asked_could_have_is_looked_for_again_for_the_next(jobs: Jobs) -> None:
    async def story() -> list[Offer]:
        here = Waiting(NOWHERE)
        await here.wait(1, 1, 0.05)  # {}: something waits, not for this one
        here._subscription.connected = True
        jobs.waiting.append(Offer(7, "lease"))
        return await here.wait(2, 1, 0.5)

    assert asyncio.run(story()) == [Offer(7, "lease")]


def test_who_waited_in_vain_hears_nothing(jobs: Jobs) -> None:
    assert asyncio.run(Waiting(NOWHERE).wait(1, 1, 0.05)) == []


def test_what_came_for_one_who_left_is_given_back(jobs: Jobs) -> None:
    async def story() -> None:
        here = Waiting(NOWHERE)
        asked = asyncio.create_task(here.wait(1, 1, 20))
        await asyncio.sleep(0.05)
        here._waiters[0].answer.set_result([Offer(7, "lease")])
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        await asyncio.sleep(0.2)

    asyncio.run(story())
    assert jobs.returned == [Offer(7, "lease")]
