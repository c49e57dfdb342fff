"""The servers of one job, for a thread that waits: they live in an event loop of their own thread, and end with it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

from workers.mcp.asked import Asked, Network
from workers.mcp.connection import ENDING_S, Connection
from workers.mcp.port import Elsewhere, Offered, Said, Server, ServerFailed
from workers.mcp.spoken import Spoken
from workers.sandbox.port import Sandbox

T = TypeVar("T")
_TICK_S = 0.2


class JobServers:
    """See port.Servers."""

    def __init__(self, servers: Sequence[Server], sandbox: Sandbox | None, network: Network) -> None:
        """Without a sandbox, only servers that are asked over HTTP."""
        self._connections = {one.name: Connection(_way(one, sandbox, network)) for one in servers}
        self._offers: dict[str, Sequence[Offered] | ServerFailed] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="hive-mcp", daemon=True)
        self._canceled = ""

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self._offers = self._wait(self._ask_all())
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Bounded: what does not end in time goes with the sandbox, or with the loop."""
        ending = asyncio.run_coroutine_threadsafe(self._end_all(), self._loop)
        try:
            ending.result(3 * ENDING_S)
        except TimeoutError:
            ending.cancel()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(ENDING_S)
        if not self._thread.is_alive():
            self._loop.close()

    def tools(self) -> Mapping[str, Sequence[Offered] | ServerFailed]:
        return self._offers

    def call(self, server: str, tool: str, arguments: Mapping[str, Any]) -> Said:
        return self._wait(self._connections[server].call(tool, arguments))

    def cancel(self, why: str) -> None:
        self._canceled = self._canceled or why

    async def _ask_all(self) -> dict[str, Sequence[Offered] | ServerFailed]:
        async def one(connection: Connection) -> Sequence[Offered] | ServerFailed:
            try:
                return await connection.offered()
            except ServerFailed as failure:
                return failure

        answers = await asyncio.gather(*(one(connection) for connection in self._connections.values()))
        return dict(zip(self._connections, answers, strict=True))

    async def _end_all(self) -> None:
        await asyncio.gather(*(connection.end() for connection in self._connections.values()), return_exceptions=True)

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        """For the loop's answer, or for the end of the job."""
        answer = asyncio.run_coroutine_threadsafe(work, self._loop)
        while True:
            if self._canceled:
                answer.cancel()
                raise ServerFailed(self._canceled)
            try:
                return answer.result(_TICK_S)
            except TimeoutError:
                if answer.done():
                    raise


def _way(server: Server, sandbox: Sandbox | None, network: Network) -> Spoken | Asked:
    if isinstance(server, Elsewhere):
        return Asked(server, network)
    if sandbox is None:
        raise ValueError(f"The MCP server {server.name} needs a sandbox.")
    return Spoken(sandbox, server)
