"""A first conversation, with nobody: what litellm builds and executes at its first call is there when a job calls.

It takes 0.2 s of a processor that has nothing to do: the worker prepares its job meanwhile. Nothing leaves the process.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

TALK: dict[str, Any] = {
    "messages": [{"role": "system", "content": "Hello"}, {"role": "user", "content": "Hello"}],
    "tools": [{"type": "function", "function": {"name": "look", "description": "", "parameters": {"type": "object"}}}],
}
CALL = {"index": 0, "id": "1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
PIECES: tuple[dict[str, Any], ...] = (
    {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "Hello"}}]},
    {"choices": [{"index": 0, "delta": {"tool_calls": [CALL]}}]},
    {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
    {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}},
)


async def warm(library: Any, take: Callable[[Any], object]) -> None:
    """`take` is called with each piece of the answer. What goes wrong will go wrong again where it matters."""
    with contextlib.suppress(Exception):
        said = await library.acompletion(
            model="openai/nobody",
            **TALK,
            max_tokens=100,
            timeout=60,
            max_retries=0,
            num_retries=0,
            stream=True,
            stream_options={"include_usage": True},
            client=_nobody(),
        )
        async for piece in said:
            take(piece)


def _nobody() -> Any:
    """A client of OpenAI's, of which every request is answered here."""
    import httpx
    from openai import AsyncOpenAI

    def answer(_: httpx.Request) -> httpx.Response:
        head = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "nobody"}
        lines = [f"data: {json.dumps({**head, **piece})}\n\n" for piece in PIECES]
        text = "".join([*lines, "data: [DONE]\n\n"])
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, text=text)

    client: Any = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return AsyncOpenAI(api_key="none", base_url="http://nobody.invalid", http_client=client, max_retries=0)
