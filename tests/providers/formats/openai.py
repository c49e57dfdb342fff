"""POST …/chat/completions, as OpenAI and everything compatible with it answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.providers.script import Seen, Talk

STREAM_TYPE = "text/event-stream"
BASE = "/v1"


def matches(path: str) -> bool:
    return path.endswith("/chat/completions")


def read(path: str, body: dict[str, Any], headers: Mapping[str, str]) -> Seen:
    def text(content: Any) -> str:
        parts = content if isinstance(content, list) else [{"text": content or ""}]
        return "".join(part.get("text", "") for part in parts)

    return Seen(
        "openai",
        body["model"],
        tuple((message["role"], text(message.get("content"))) for message in body["messages"]),
        tuple(tool["function"]["name"] for tool in body.get("tools", [])),
        bool(body.get("stream")),
        headers.get("Authorization", "").removeprefix("Bearer "),
        body,
    )


def whole(talk: Talk, model: str) -> dict[str, Any]:
    calls = [{"id": f"call_{n}", "type": "function", "function": {"name": call.name, "arguments": call.raw}}
             for n, call in enumerate(talk.calls)]  # fmt: skip
    message = {"role": "assistant", "content": talk.text, **({"tool_calls": calls} if calls else {})}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": _finish(talk)}],
        "usage": _usage(talk),
    }


def stream(talk: Talk, model: str) -> Iterator[bytes]:
    def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model}
        return f"data: {json.dumps({**head, 'choices': [choice], **more})}\n\n".encode()

    yield chunk({"role": "assistant", "content": ""})
    if talk.thinking:
        yield chunk({"reasoning_content": talk.thinking})
    for piece in talk.pieces():
        yield chunk({"content": piece})
    for index, call in enumerate(talk.calls):
        begun = {"index": index, "id": f"call_{index}", "type": "function"}
        yield chunk({"tool_calls": [{**begun, "function": {"name": call.name, "arguments": ""}}]})
        half = len(call.raw) // 2
        for part in (call.raw[:half], call.raw[half:]):
            yield chunk({"tool_calls": [{"index": index, "function": {"arguments": part}}]})
    yield chunk({}, _finish(talk))
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model}
    yield f"data: {json.dumps({**head, 'choices': [], 'usage': _usage(talk)})}\n\n".encode()
    yield b"data: [DONE]\n\n"


def error(status: int, message: str) -> dict[str, Any]:
    kind = {401: "invalid_request_error", 429: "rate_limit_error"}.get(status, "server_error")
    return {"error": {"message": message, "type": kind, "param": None, "code": None}}


def _finish(talk: Talk) -> str:
    return "length" if talk.cut_off else "tool_calls" if talk.calls else "stop"


def _usage(talk: Talk) -> dict[str, Any]:
    total = talk.input_tokens + talk.output_tokens
    return {"prompt_tokens": talk.input_tokens, "completion_tokens": talk.output_tokens, "total_tokens": total}
