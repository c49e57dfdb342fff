"""The program that holds litellm: it reads requests from its standard input, a socket, and tells what providers answer.

A line is one JSON object. In: `{number, request}`, `{number, entry: model}`, `{number, stop: true}`. Out, with the
same number: `{chunk}` as often as something arrives, then `{end}` or `{failed}`; `{entry}`. It ends with its socket,
and so with the worker that holds the other end.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from workers.llm.apart.failed import told
from workers.llm.apart.library import entry_of, litellm
from workers.llm.apart.warm import warm

LONGEST = 1 << 30  # bytes of a line: a whole conversation
OF_AN_ENTRY = ("input_cost_per_token", "output_cost_per_token", "cache_read_input_token_cost", "max_output_tokens")

Say = Callable[[dict[str, Any]], Awaitable[None]]


async def serve(line: socket.socket) -> None:
    """Until the other end is closed."""
    reader, writer = await asyncio.open_unix_connection(sock=line, limit=LONGEST)
    calls: dict[int, asyncio.Task[None]] = {0: asyncio.create_task(warm(litellm(), plain))}
    calls[0].add_done_callback(partial(_forget, calls, 0))

    async def say(what: dict[str, Any]) -> None:
        writer.write(json.dumps(what).encode() + b"\n")
        await writer.drain()

    while asked := await reader.readline():
        what = json.loads(asked)
        number = what["number"]
        if "entry" in what:
            known = entry_of(what["entry"])
            await say({"number": number, "entry": {name: known.get(name) for name in OF_AN_ENTRY}})
        elif "request" in what:
            calls[number] = asyncio.create_task(_call(number, what["request"], say))
            calls[number].add_done_callback(partial(_forget, calls, number))
        elif call := calls.get(number):
            call.cancel()


def _forget(calls: dict[int, asyncio.Task[None]], number: int, _: object) -> None:
    calls.pop(number, None)


async def _call(number: int, request: dict[str, Any], say: Say) -> None:
    """One request to a provider. Canceled, it closes the connection, and the generation ends where that is noticed."""
    chunks: Any = None
    try:
        chunks = await litellm().acompletion(**request, stream=True, stream_options={"include_usage": True})
        async for chunk in chunks:
            await say({"number": number, "chunk": plain(chunk)})
        await say({"number": number, "end": True})
    except Exception as error:
        await say({"number": number, "failed": told(error)})
    finally:
        if closing := getattr(getattr(chunks, "completion_stream", None), "aclose", None):
            await closing()


def plain(chunk: Any) -> dict[str, Any]:
    """Of a chunk, what a reply is put together from."""
    usage = getattr(chunk, "usage", None)
    return {"usage": _usage(usage) if usage else None, "choices": [_choice(choice) for choice in chunk.choices]}


def _usage(usage: Any) -> dict[str, Any]:
    details = getattr(usage, "prompt_tokens_details", None)
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "cached_tokens": getattr(details, "cached_tokens", None) or 0,
    }


def _choice(choice: Any) -> dict[str, Any]:
    delta = choice.delta
    return {
        "finish_reason": choice.finish_reason,
        "thinking": getattr(delta, "reasoning_content", None),
        "text": delta.content,
        "tool_calls": [
            {
                "index": piece.index or 0,
                "id": piece.id or "",
                "name": piece.function.name or "",
                "arguments": piece.function.arguments or "",
            }
            for piece in delta.tool_calls or ()
        ],
    }


def main() -> None:
    litellm()
    asyncio.run(serve(socket.socket(fileno=0)))


if __name__ == "__main__":
    try:
        main()
    finally:
        os._exit(0)  # whatever litellm's own threads still do
