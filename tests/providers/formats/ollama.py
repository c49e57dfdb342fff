"""POST /api/chat, as Ollama answers: one JSON object per line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.providers.script import Seen, Talk

STREAM_TYPE = "application/x-ndjson"
BASE = ""


def matches(path: str) -> bool:
    return path.endswith("/api/chat")


def read(path: str, body: dict[str, Any], headers: Mapping[str, str]) -> Seen:
    return Seen(
        "ollama",
        body["model"],
        tuple((message["role"], message.get("content") or "") for message in body["messages"]),
        tuple(tool["function"]["name"] for tool in body.get("tools") or []),
        bool(body.get("stream", True)),
        headers.get("Authorization", "").removeprefix("Bearer "),
        body,
    )


def whole(talk: Talk, model: str) -> dict[str, Any]:
    calls = [{"function": {"name": call.name, "arguments": call.arguments}} for call in talk.calls]
    message: dict[str, Any] = {"role": "assistant", "content": talk.text, **({"tool_calls": calls} if calls else {})}
    return {**_line(model, message), **_end(talk)}


def stream(talk: Talk, model: str) -> Iterator[bytes]:
    """Calls come whole in this format: it has no way to send one that is not JSON."""

    def line(message: dict[str, Any], **more: Any) -> bytes:
        return json.dumps({**_line(model, {"role": "assistant", "content": "", **message}), **more}).encode() + b"\n"

    if talk.thinking:
        yield line({"thinking": talk.thinking})
    for piece in talk.pieces():
        yield line({"content": piece})
    for call in talk.calls:
        yield line({"tool_calls": [{"function": {"name": call.name, "arguments": call.arguments}}]})
    yield line({}, **_end(talk))


def error(status: int, message: str) -> dict[str, Any]:
    return {"error": message}


def _line(model: str, message: dict[str, Any]) -> dict[str, Any]:
    return {"model": model, "created_at": "2026-01-01T00:00:00Z", "message": message, "done": False}


def _end(talk: Talk) -> dict[str, Any]:
    reason = "length" if talk.cut_off else "stop"
    return {"done": True, "done_reason": reason, "prompt_eval_count": talk.input_tokens,
            "eval_count": talk.output_tokens, "total_duration": 1}  # fmt: skip
