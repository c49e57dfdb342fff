"""Agents that wait for work, as far as the server can tell: long polls on connections of their own, and heartbeats."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

POLL_S = 25  # what the server tells agents
BEAT_S = 50.0  # and those of a thousand that have nothing to do
FIRST_S = 5.0  # they do not come all at once


@dataclass
class Fleet:
    """`offered`: when the last offer reached one of them, by perf_counter()."""

    url: str
    asking: int = 0
    offered: float = 0.0
    got: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self, token: str) -> None:
        """One agent, until it is canceled."""
        await asyncio.sleep(random.uniform(0, FIRST_S))
        beat_at = time.monotonic() + random.uniform(0, BEAT_S)
        wait_s = random.uniform(1, POLL_S)
        connection = await self._connect(token)
        while True:
            if time.monotonic() > beat_at:
                _, body = await connection.ask("POST", "/agent/heartbeat", {"load": 0.1, "free_disk_bytes": 10**10})
                beat_at = time.monotonic() + json.loads(body)["interval_s"]
            self.asking += 1
            status, _ = await connection.ask("GET", f"/jobs/next?wait={wait_s:.2f}&capacity=1")
            self.asking -= 1
            wait_s = POLL_S
            if status == 200:
                self.offered = time.perf_counter()
                self.got.set()

    async def _connect(self, token: str) -> Connection:
        where = urlsplit(self.url)
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        return Connection(reader, writer, f"Host: {where.netloc}\r\nAuthorization: Bearer {token}\r\n")


@dataclass
class Connection:
    """HTTP/1.1, kept open; no more of it than is needed here, so that the client costs little beside the server."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    headers: str

    async def ask(self, method: str, path: str, body: object = None) -> tuple[int, bytes]:
        data = b"" if body is None else json.dumps(body).encode()
        kind = f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n" if data else ""
        self.writer.write(f"{method} /api/v1{path} HTTP/1.1\r\n{self.headers}{kind}\r\n".encode() + data)
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
        status = int(head.split(" ", 2)[1])
        assert status in (200, 204), head
        if "transfer-encoding: chunked" in head:
            return status, b"".join([chunk async for chunk in self._chunks()])
        length = next((int(line[15:]) for line in head.split("\r\n") if line.startswith("content-length:")), 0)
        return status, await self.reader.readexactly(length)

    async def _chunks(self) -> AsyncIterator[bytes]:
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            yield (await self.reader.readexactly(size + 2))[:-2]
        await self.reader.readexactly(2)


@asynccontextmanager
async def waiting(url: str, tokens: Sequence[str]) -> AsyncIterator[Fleet]:
    """All of them have asked at least once when it begins."""
    fleet = Fleet(url)
    agents = [asyncio.create_task(fleet.wait(token)) for token in tokens]
    try:
        deadline = time.monotonic() + 60
        while fleet.asking < len(tokens):
            assert time.monotonic() < deadline, f"{fleet.asking} of {len(tokens)} agents wait"
            for agent in agents:
                if agent.done():
                    agent.result()
            await asyncio.sleep(0.05)
        yield fleet
    finally:
        for agent in agents:
            agent.cancel()
        await asyncio.gather(*agents, return_exceptions=True)
