"""Waiting: agents that have asked for work and are not answered yet. One look at the database serves all of them.

    job queued ──wake──▶ Redis ──▶ Waiting (one per event loop) ──offer_to_many──▶ the agents that get something

A lost wake-up costs a second. With nothing to do, a thousand waiting agents cost one small query a second, and one who
asks then costs none.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass

from django.conf import settings

from apps.events.stream import Pool
from apps.events.stream.subscription import Subscription
from apps.events.wake import FLEET
from apps.fleet.services.offer import Offer, offer_to_many, take_back

logger = logging.getLogger(__name__)

LOOK_S = 1.0

pool = Pool("hive-fleet", threads=1)


@dataclass(eq=False)
class _Waiter:
    agent_id: int
    capacity: int
    answer: asyncio.Future[list[Offer]]


class Waiting:
    """Belongs to one event loop."""

    def __init__(self, redis_url: str) -> None:
        self._waiters: list[_Waiter] = []
        self._look = asyncio.Event()
        self._may_find = True  # whether jobs may wait that no look has seen, or that nobody who asked could have
        self._task: asyncio.Task[None] | None = None
        self._subscription = Subscription(redis_url, lambda _: self._look.set(), self._look.set)

    async def wait(self, agent_id: int, capacity: int, wait_s: float) -> list[Offer]:
        """What this agent is offered within that time. Whoever is canceled here gives back what came meanwhile."""
        self._begin()
        waiter = _Waiter(agent_id, capacity, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        if self._may_find or not self._subscription.connected:
            self._look.set()
        try:
            async with asyncio.timeout(wait_s):
                return await waiter.answer
        except TimeoutError:
            return await self._late(waiter)
        except asyncio.CancelledError:
            if waiter.answer.done() and not waiter.answer.cancelled():
                self._give_back(waiter.answer.result())
            raise
        finally:
            with contextlib.suppress(ValueError):
                self._waiters.remove(waiter)

    async def _late(self, waiter: _Waiter) -> list[Offer]:
        """asyncio.timeout cancels the future; an answer that came in the same moment stands."""
        return waiter.answer.result() if waiter.answer.done() and not waiter.answer.cancelled() else []

    def _begin(self) -> None:
        if self._task is None or self._task.done():
            self._subscription.add(FLEET)
            self._task = asyncio.create_task(self._run(), name="hive-fleet")

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._look.wait()
            self._look.clear()
            try:
                await self._serve()
            except Exception as error:  # they wait on; the database may be away for a moment
                logger.warning("action=fleet cannot look for jobs (%s: %s)", type(error).__name__, error)
                await asyncio.sleep(LOOK_S)

    async def _serve(self) -> None:
        wanting = {waiter.agent_id: waiter.capacity for waiter in self._waiters if not waiter.answer.done()}
        self._may_find = True
        if not wanting:
            return
        given = await pool.run(offer_to_many, wanting)
        if given is None and not self._look.is_set():
            self._may_find = False  # what comes from now on is told by a wake-up, or found within LOOK_S
            return
        for agent_id, offers in (given or {}).items():
            waiter = next((one for one in self._waiters if one.agent_id == agent_id and not one.answer.done()), None)
            if waiter is None:
                self._give_back(offers)
            else:
                waiter.answer.set_result(offers)

    def _give_back(self, offers: list[Offer]) -> None:
        pool.submit(lambda: take_back(offers))


_newest: tuple[asyncio.AbstractEventLoop, Waiting] | None = None


def current_waiting() -> Waiting:
    """Of the running event loop. A web server has one loop; a test has another each time."""
    global _newest
    loop = asyncio.get_running_loop()
    if _newest is None or _newest[0] is not loop:
        _newest = loop, Waiting(settings.REDIS_URL)
    return _newest[1]


def waiting_now() -> int:
    """How many agents this process keeps waiting."""
    return len(_newest[1]._waiters) if _newest else 0
