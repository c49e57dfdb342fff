"""Held beats: the answer to a heartbeat with jobs may wait, so that a cancellation does not wait for the next one.

    run is to stop ──wake──▶ Redis ──▶ HeldBeats (one per event loop) ──▶ each agent's verdicts are looked at again

A line that breaks meanwhile is a hint that its agent has died, and no more: see services/silence.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping

from django.conf import settings

from apps.events.stream.subscription import Subscription
from apps.events.wake import STOPS
from apps.fleet.services.heartbeat import OK, verdicts_on
from apps.fleet.services.silence import PROBE_S, doubt, end_silent
from apps.fleet.waiting import pool

MARGIN_S = 0.05


class HeldBeats:
    """Belongs to one event loop."""

    def __init__(self, redis_url: str) -> None:
        self._stop = asyncio.Event()
        self._subscription = Subscription(redis_url, lambda _: self._tell(), self._tell)
        self._watches: set[asyncio.Task[None]] = set()

    def _tell(self) -> None:
        told, self._stop = self._stop, asyncio.Event()
        told.set()

    async def until_a_stop(self, wait_s: float) -> bool:
        """Whether some run was stopped within that time."""
        self._subscription.add(STOPS)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                return await self._stop.wait()
        return False

    def watch_over(self, leases: Mapping[int, str]) -> None:
        task = asyncio.create_task(_probe(leases), name="hive-probe")
        self._watches.add(task)
        task.add_done_callback(self._watches.discard)


async def _probe(leases: Mapping[int, str]) -> None:
    """A web server that ends meanwhile leaves this to the sweep."""
    await pool.run(doubt, leases)
    await asyncio.sleep(PROBE_S + MARGIN_S)
    await pool.run(end_silent, leases)


async def verdicts_in_time(
    agent_id: int, leases: Mapping[int, str], verdicts: dict[int, str], wait_s: float
) -> dict[int, str]:
    """As soon as one of them is not `ok`; in time, as they were."""
    until = time.monotonic() + wait_s
    beats = _current()
    while (left_s := until - time.monotonic()) > 0 and await beats.until_a_stop(left_s):
        now = await pool.run(verdicts_on, agent_id, leases)
        if set(now.values()) != {OK}:
            return now
    return verdicts


def watch_over(leases: Mapping[int, str]) -> None:
    """The agent's line broke while it held these. Call in the event loop."""
    _current().watch_over(leases)


_newest: tuple[asyncio.AbstractEventLoop, HeldBeats] | None = None


def _current() -> HeldBeats:
    """Of the running event loop. A web server has one loop; a test has another each time."""
    global _newest
    loop = asyncio.get_running_loop()
    if _newest is None or _newest[0] is not loop:
        _newest = loop, HeldBeats(settings.REDIS_URL)
    return _newest[1]
