"""Subscription: the one connection of this process on which Redis/Valkey tells what to look at."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

ALIVE = "hive:web"  # always subscribed: a connection without any subscription cannot be listened on
AGAIN_S = 1.0
CHECK_S = 15.0  # a connection that died without a word is noticed by then; meanwhile readers look by themselves


class Subscription:
    """Listens from the first channel on; with Redis away it tries again each second. Belongs to one event loop."""

    def __init__(self, url: str, on_message: Callable[[str], None], on_connect: Callable[[], None]) -> None:
        self.connected = False
        self._url = url
        self._on_message = on_message
        self._on_connect = on_connect
        self._wanted: set[str] = set()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def add(self, channel: str) -> None:
        self._wanted.add(channel)
        self._changed.set()
        if self._task is None:
            self._task = asyncio.create_task(self._listen(), name="hive-wake-ups")

    def remove(self, channel: str) -> None:
        self._wanted.discard(channel)
        self._changed.set()

    async def _listen(self) -> None:
        said = False
        while True:
            try:
                await self._connect()
            except* (RedisError, OSError) as errors:
                if not said:
                    logger.warning("action=stream no wake-ups (%s); readers look every second", errors.exceptions[0])
                said = True
            else:
                said = False
            await asyncio.sleep(AGAIN_S)

    async def _connect(self) -> None:
        """Subscribe and pass on what comes, until the connection breaks."""
        client = redis.asyncio.Redis.from_url(
            self._url, retry=Retry(NoBackoff(), 0), socket_connect_timeout=2, health_check_interval=CHECK_S
        )
        async with client, client.pubsub(ignore_subscribe_messages=True) as pubsub:
            await pubsub.subscribe(ALIVE, *self._wanted)
            self.connected = True
            self._on_connect()
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._adjust(pubsub, set(self._wanted)))
                    tasks.create_task(self._pass_on(pubsub))
            finally:
                self.connected = False

    async def _adjust(self, pubsub: Any, has: set[str]) -> None:
        """Keep what the connection is subscribed to in step with what is wanted."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            wanted = set(self._wanted)
            if fresh := wanted - has:
                await pubsub.subscribe(*fresh)
            if stale := has - wanted:
                await pubsub.unsubscribe(*stale)
            has = wanted

    async def _pass_on(self, pubsub: Any) -> None:
        while True:
            message = await pubsub.get_message(timeout=CHECK_S)
            if message is not None:
                self._on_message(message["channel"].decode())
