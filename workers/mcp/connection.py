"""One server: connected, asked what it offers, called, ended. Lives in the event loop of `servers`."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from workers.mcp.asked import Asked
from workers.mcp.content import said
from workers.mcp.library import Client, MCPError, types
from workers.mcp.port import Offered, Said, ServerFailed
from workers.mcp.schema import plain
from workers.mcp.spoken import Spoken

CONNECT_S = 30.0  # until it has said what it offers
ENDING_S = 3.0
MOST_LISTED = 1_000  # tools that are looked at
MOST_PAGES = 50
LONGEST_NAME = 200
LONGEST_DESCRIPTION = 2_000
LONGEST_ERROR = 2_000
MOST_BEGINNINGS = 5  # of one server in one job
ANSWER: TypeAdapter[Any] = TypeAdapter(types.CallToolResult | types.InputRequiredResult)


class Connection:
    """Begun when it is needed, and anew when its server has died or did not answer, so often at most."""

    def __init__(self, way: Spoken | Asked) -> None:
        self._way = way
        self._beginnings = 0
        self._client: Client | None = None
        self._task: asyncio.Task[None] | None = None
        self._leave = asyncio.Event()

    async def offered(self) -> list[Offered]:
        """Raises ServerFailed."""
        try:
            async with asyncio.timeout(CONNECT_S):
                client = await self._connected()
                return await _listed(client)
        except Exception as error:
            await self.end()
            raise self._failure(error, f"It did not say within {CONNECT_S:g} s what it offers.") from error

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> Said:
        """Raises ServerFailed; what the tool says of its own failure is an answer."""
        within_s = self._way.server.timeout_s
        request = types.CallToolRequest(params=types.CallToolRequestParams(name=tool, arguments=dict(arguments)))
        try:
            async with asyncio.timeout(CONNECT_S):
                client = await self._connected()
            self._way.begin_call()
            async with asyncio.timeout(within_s):
                # Not Client.call_tool: it holds answers against the server's own patterns, which may take for ever.
                answer = await client.session.send_request(request, ANSWER)
        except MCPError as error:
            if error.code != types.CONNECTION_CLOSED and not self._way.why:
                return Said(f"The server refused the call: {str(error)[:LONGEST_ERROR]}", problem=True)
            await self.end()
            raise self._failure(error) from error
        except Exception as error:
            await self.end()
            raise self._failure(error, f"It did not answer within {within_s:g} s.") from error
        if isinstance(answer, types.InputRequiredResult):
            return Said("The tool asks for input that nobody gives it here.", problem=True)
        return said(answer)

    async def _connected(self) -> Client:
        if self._client is not None and self._task is not None and not self._task.done():
            return self._client
        if self._beginnings >= MOST_BEGINNINGS:
            raise ServerFailed(f"It was begun {MOST_BEGINNINGS} times, and is not begun again.")
        self._beginnings += 1
        ready: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
        self._leave = asyncio.Event()
        self._task = asyncio.create_task(self._live(ready, self._leave))
        self._client = await asyncio.shield(ready)
        return self._client

    async def _live(self, ready: asyncio.Future[Client], leave: asyncio.Event) -> None:
        """A client is left by the task that entered it."""
        try:
            about = types.Implementation(name="hive", version="1")
            async with Client(self._way.transport(), cache=None, client_info=about) as client:
                ready.set_result(client)
                await leave.wait()
        except Exception as error:
            if not ready.done():
                ready.set_exception(error)
        finally:
            if not ready.done():
                ready.cancel()

    async def end(self) -> None:
        """Leave it; what it still holds goes with its sandbox, or with its connection."""
        task, self._client, self._task = self._task, None, None
        if task is None:
            return
        self._leave.set()
        done, _ = await asyncio.wait([task], timeout=ENDING_S)
        if not done:
            task.cancel()
            await asyncio.wait([task], timeout=ENDING_S)

    def _failure(self, error: Exception, late: str = "") -> ServerFailed:
        first = _first(error)
        if isinstance(first, ServerFailed):
            return ServerFailed(str(first)[:LONGEST_ERROR])
        ended = f"It ended, or does not speak MCP ({_words(first)})."
        why = late if isinstance(first, TimeoutError) else self._way.why or ended
        with contextlib.suppress(Exception):
            why = f"{why} {self._way.complaint()}".strip()
        return ServerFailed(why[:LONGEST_ERROR])


def _first(error: BaseException) -> BaseException:
    """What lies at the bottom of the groups that task groups make."""
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    return error


def _words(error: BaseException) -> str:
    return (str(error).strip().partition("\n")[0] or type(error).__name__)[:300]


async def _listed(client: Client) -> list[Offered]:
    """Page by page, so far as anybody would look. Names that come twice count once."""
    found: dict[str, Offered] = {}
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        page = await client.session.list_tools(params=types.PaginatedRequestParams(cursor=cursor))
        for tool in page.tools[: MOST_LISTED - len(found)]:
            if 0 < len(tool.name) <= LONGEST_NAME:
                found.setdefault(tool.name, _offered(tool))
        cursor = page.next_cursor
        if not cursor or len(found) >= MOST_LISTED:
            break
    return list(found.values())


def _offered(tool: Any) -> Offered:
    reads_only = bool(tool.annotations and tool.annotations.read_only_hint)
    description = (tool.description or tool.title or "")[:LONGEST_DESCRIPTION]
    return Offered(tool.name, description, plain(tool.input_schema), reads_only)
