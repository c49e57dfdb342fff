"""Stream: one request to a provider, running on the process's event loop, read from a thread that may give up on it."""

from __future__ import annotations

import asyncio
import os
import queue
import threading
from typing import Any

from workers.llm.calling.library import litellm


class End:
    """After the last chunk."""


class Stream:
    """In charge of: the connection. Closing it ends the request at once, and the generation with it where the
    provider notices. Not in charge of: what the chunks mean, how long to wait."""

    def __init__(self, **request: Any) -> None:
        self._found: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._future = asyncio.run_coroutine_threadsafe(self._read(request), _loop())

    async def _read(self, request: dict[str, Any]) -> None:
        chunks: Any = None
        try:
            chunks = await litellm().acompletion(**request, stream=True, stream_options={"include_usage": True})
            async for chunk in chunks:
                self._found.put(chunk)
            self._found.put(End())
        except Exception as error:
            self._found.put(error)
        finally:
            if closing := getattr(getattr(chunks, "completion_stream", None), "aclose", None):
                await closing()

    def get(self, timeout_s: float) -> Any:
        """The next chunk, an End, or the exception that ended it. Raises queue.Empty."""
        return self._found.get(timeout=timeout_s)

    def wake(self, what: Any) -> None:
        """Put something in front of whoever waits in get()."""
        self._found.put(what)

    def close(self) -> None:
        self._future.cancel()


_lock = threading.Lock()
_running: tuple[int, asyncio.AbstractEventLoop] | None = None


def _loop() -> asyncio.AbstractEventLoop:
    """The event loop of this process, in a thread of its own: connections to providers are kept between calls.

    A forked child starts its own; the parent's thread did not come along.
    """
    global _running
    with _lock:
        if _running is None or _running[0] != os.getpid():
            loop = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="hive-models", daemon=True).start()
            _running = (os.getpid(), loop)
        return _running[1]
