"""POST /v1/messages, as Anthropic answers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.providers.script import Seen, Talk

STREAM_TYPE = "text/event-stream"
BASE = ""


def matches(path: str) -> bool:
    return path.endswith("/v1/messages")


def read(path: str, body: dict[str, Any], headers: Mapping[str, str]) -> Seen:
    return Seen(
        "anthropic",
        body["model"],
        (*_system(body.get("system")), *(pair for message in body["messages"] for pair in _turns(message))),
        tuple(tool["name"] for tool in body.get("tools", [])),
        bool(body.get("stream")),
        headers.get("x-api-key", ""),
        body,
    )


def _system(system: Any) -> list[tuple[str, str]]:
    if not system:
        return []
    return [("system", system if isinstance(system, str) else "".join(block["text"] for block in system))]


def _turns(message: dict[str, Any]) -> Iterator[tuple[str, str]]:
    content = message["content"]
    for block in [{"type": "text", "text": content}] if isinstance(content, str) else content:
        if block["type"] == "tool_result":
            inner = block["content"]
            yield "tool", inner if isinstance(inner, str) else "".join(part.get("text", "") for part in inner)
        elif block["type"] == "text":
            yield message["role"], block["text"]
        elif block["type"] == "tool_use":
            yield message["role"], json.dumps(block["input"])


def whole(talk: Talk, model: str) -> dict[str, Any]:
    content: list[dict[str, Any]] = [{"type": "text", "text": talk.text}] if talk.text else []
    content += [{"type": "tool_use", "id": f"toolu_{n}", "name": call.name, "input": call.arguments}
                for n, call in enumerate(talk.calls)]  # fmt: skip
    return {**_message(model), "content": content, "stop_reason": _finish(talk), "usage": _usage(talk)}


def stream(talk: Talk, model: str) -> Iterator[bytes]:
    def event(type: str, **data: Any) -> bytes:
        return f"event: {type}\ndata: {json.dumps({'type': type, **data})}\n\n".encode()

    begun = {**_message(model), "usage": {**_usage(talk), "output_tokens": 1}}
    yield event("message_start", message=begun)
    index = 0
    if talk.thinking:
        yield event("content_block_start", index=index, content_block={"type": "thinking", "thinking": ""})
        delta = {"type": "thinking_delta", "thinking": talk.thinking}
        yield event("content_block_delta", index=index, delta=delta)
        yield event("content_block_stop", index=index)
        index += 1
    if talk.text:
        yield event("content_block_start", index=index, content_block={"type": "text", "text": ""})
        for piece in talk.pieces():
            yield event("content_block_delta", index=index, delta={"type": "text_delta", "text": piece})
        yield event("content_block_stop", index=index)
        index += 1
    for number, call in enumerate(talk.calls):
        block = {"type": "tool_use", "id": f"toolu_{number}", "name": call.name, "input": {}}
        yield event("content_block_start", index=index, content_block=block)
        half = len(call.raw) // 2
        for part in (call.raw[:half], call.raw[half:]):
            yield event("content_block_delta", index=index, delta={"type": "input_json_delta", "partial_json": part})
        yield event("content_block_stop", index=index)
        index += 1
    reason = {"stop_reason": _finish(talk), "stop_sequence": None}
    yield event("message_delta", delta=reason, usage={"output_tokens": talk.output_tokens})
    yield event("message_stop")


def error(status: int, message: str) -> dict[str, Any]:
    kind = {401: "authentication_error", 429: "rate_limit_error", 529: "overloaded_error"}.get(status, "api_error")
    return {"type": "error", "error": {"type": kind, "message": message}}


def _message(model: str) -> dict[str, Any]:
    return {"id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": [],
            "stop_reason": None, "stop_sequence": None}  # fmt: skip


def _finish(talk: Talk) -> str:
    return "max_tokens" if talk.cut_off else "tool_use" if talk.calls else "end_turn"


def _usage(talk: Talk) -> dict[str, int]:
    return {"input_tokens": talk.input_tokens, "output_tokens": talk.output_tokens}
