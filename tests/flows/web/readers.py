"""Readers that drop their connection at random and resume, now and then from an id that they had passed before."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx


@dataclass
class Reader:
    """Follows one stream to its end. `taken` holds what it has got, by the id up to which it then was."""

    client: httpx.AsyncClient
    path: str
    dice: random.Random
    taken: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    drops: int = 0
    ended: bool = False

    async def follow(self) -> None:
        while not self.ended:
            try:
                await self._read(drop_after=self.dice.randint(1, 200))
            except httpx.TransportError:
                await asyncio.sleep(0.1)  # the server was killed; a browser waits for a second
            self.drops += 1

    async def _read(self, drop_after: int) -> None:
        if self.taken and self.dice.random() < 0.2:
            del self.taken[self.dice.randint(max(len(self.taken) - 50, 0), len(self.taken)) :]
        headers = {"Last-Event-ID": str(self.taken[-1][0])} if self.taken else {}
        async with self.client.stream("GET", self.path, headers=headers) as response:
            assert response.status_code == 200, (await response.aread()).decode()
            async for identity, event, data in frames(response):
                if event == "end":
                    self.ended = True
                    return
                self.taken.append((identity, data))
                drop_after -= 1
                if drop_after == 0:
                    return


async def frames(response: httpx.Response) -> AsyncIterator[tuple[int, str, dict[str, Any]]]:
    """(id, event, data) of each frame."""
    rest = b""
    async for piece in response.aiter_raw():
        *blocks, rest = (rest + piece).split(b"\n\n")
        for block in blocks:
            fields = dict(line.split(b": ", 1) for line in block.split(b"\n") if not line.startswith(b":"))
            if b"data" in fields:
                yield int(fields[b"id"]), fields.get(b"event", b"").decode(), json.loads(fields[b"data"])
