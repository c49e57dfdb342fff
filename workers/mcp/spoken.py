"""The way to a server inside the sandbox: one JSON message a line, through its standard input and output."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from typing import Any

import anyio
import anyio.abc
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from workers.mcp.library import SessionMessage, types
from workers.mcp.port import Inside, ServerFailed
from workers.sandbox.port import Sandbox, SandboxError, Talking

MIB = 1024 * 1024
MOST_BYTES = 8 * MIB  # in one message
MOST_UNASKED = 32 * MIB  # between two calls
LOGGED_BYTES = 65_536  # of what it writes beside its messages
SHOWN_BYTES = 1_000
LOGS = ".hive/mcp"
_TICK_S = 0.1
_GRACE_S = 1.0
# Messages stay on standard output; what it writes besides goes to a file, of which a bounded beginning is kept.
APART = f'{{ "$@" 2>&1 >&3 3>&- | {{ head -c {LOGGED_BYTES} >"$HIVE_MCP_LOG" 3>&-; cat >/dev/null 3>&-; }}; }} 3>&1'
_starting = threading.Lock()  # a sandbox is asked by one thread at a time


class Spoken:
    """What is known of one such server: how much it may still write unasked, and why it was ended."""

    def __init__(self, sandbox: Sandbox, server: Inside) -> None:
        self.sandbox, self.server = sandbox, server
        self.log = f"/workspace/{LOGS}/{server.name}.log"
        self.allowance = MOST_UNASKED
        self.why = ""

    def begin_call(self) -> None:
        self.allowance, self.why = MOST_UNASKED, ""

    def complaint(self) -> str:
        """What it wrote besides its messages, the end of it."""
        with contextlib.suppress(SandboxError, OSError):
            wrote = self.sandbox.read(self.log, LOGGED_BYTES)[-SHOWN_BYTES:].decode(errors="replace").strip()
            return f"It wrote: {wrote}" if wrote else ""
        return ""

    @contextlib.asynccontextmanager
    async def transport(self) -> AsyncIterator[tuple[Any, Any]]:
        """A transport of the SDK's: what comes from the server, what goes to it."""
        self.begin_call()
        arriving, arrived = anyio.create_memory_object_stream[SessionMessage | Exception](0)
        leaving, left = anyio.create_memory_object_stream[SessionMessage](0)
        ears = _Ears(self, arriving, asyncio.get_running_loop())
        talking = await anyio.to_thread.run_sync(self._begin, ears)
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_speak, talking, left, arriving)
                tasks.start_soon(_see_the_end, talking, arriving)
                try:
                    yield arrived, leaving
                finally:
                    tasks.cancel_scope.cancel()
        finally:
            ears.closed.set()
            with anyio.CancelScope(shield=True), contextlib.suppress(SandboxError):
                await anyio.to_thread.run_sync(talking.stop, _GRACE_S)
            for stream in (arriving, arrived, leaving, left):
                stream.close()

    def _begin(self, ears: _Ears) -> Talking:
        with _starting:
            try:
                self.sandbox.write(self.log, b"", 0o666)
                log = self.sandbox.workspace + self.log.removeprefix("/workspace")
                argv = ["sh", "-c", APART, "sh", *self.server.argv]
                return self.sandbox.converse(argv, on_output=ears, env={**self.server.env, "HIVE_MCP_LOG": log})
            except (SandboxError, OSError) as error:
                raise ServerFailed(f"It cannot be started: {error}") from error


class _Ears:
    """Hears the server in the sandbox's thread; the server waits while its messages are dealt with."""

    def __init__(
        self, spoken: Spoken, to: MemoryObjectSendStream[SessionMessage | Exception], loop: asyncio.AbstractEventLoop
    ) -> None:
        self._spoken, self._to, self._loop = spoken, to, loop
        self._waiting = bytearray()
        self.closed = threading.Event()

    def __call__(self, data: bytes) -> None:
        self._spoken.allowance -= len(data)
        if self._spoken.allowance < 0:
            self._refuse(f"It wrote more than {MOST_UNASKED // MIB} MiB without being asked for it.")
        *lines, rest = data.split(b"\n")
        for line in lines:
            whole = bytes(self._waiting) + line
            self._waiting.clear()
            self._bound(len(whole))
            self._hand_over(whole)
        self._waiting += rest
        self._bound(len(self._waiting))

    def _bound(self, size: int) -> None:
        if size > MOST_BYTES:
            self._refuse(f"It sent a message of more than {MOST_BYTES // MIB} MiB.")

    def _refuse(self, why: str) -> None:
        self._spoken.why = why
        raise ValueError(why)

    def _hand_over(self, line: bytes) -> None:
        """What is no message is passed over: servers print greetings."""
        try:
            message = SessionMessage(types.jsonrpc_message_adapter.validate_json(line, by_name=False))
        except ValueError:
            return
        if self.closed.is_set():
            raise ValueError("nobody listens any more")
        sent = asyncio.run_coroutine_threadsafe(self._to.send(message), self._loop)
        while True:
            try:
                sent.result(_TICK_S)
                return
            except TimeoutError:
                if self.closed.is_set():
                    sent.cancel()
                    raise


async def _speak(
    talking: Talking,
    left: MemoryObjectReceiveStream[SessionMessage],
    arriving: MemoryObjectSendStream[SessionMessage | Exception],
) -> None:
    async for one in left:
        line = one.message.model_dump_json(by_alias=True, exclude_unset=True)
        try:
            await anyio.to_thread.run_sync(talking.say, f"{line}\n".encode(), abandon_on_cancel=True)
        except SandboxError:
            break
    arriving.close()


async def _see_the_end(talking: Talking, arriving: MemoryObjectSendStream[SessionMessage | Exception]) -> None:
    with contextlib.suppress(SandboxError):
        while talking.poll() is None:
            await anyio.sleep(_TICK_S)
    arriving.close()
