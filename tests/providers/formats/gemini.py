"""POST /v1beta/models/NAME:generateContent and :streamGenerateContent, as Gemini answers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.providers.script import Seen, Talk

STREAM_TYPE = "text/event-stream"
BASE = "/v1beta"


def matches(path: str) -> bool:
    return path.endswith((":generateContent", ":streamGenerateContent"))


def read(path: str, body: dict[str, Any], headers: Mapping[str, str]) -> Seen:
    system = body.get("system_instruction") or body.get("systemInstruction")
    tools = [one for tool in body.get("tools", []) for one in tool.get("function_declarations", [])]
    turns = [pair for content in body["contents"] for pair in _turns(content)]
    return Seen(
        "gemini",
        path.rpartition("/")[2].partition(":")[0],
        (*(("system", part["text"]) for part in (system or {}).get("parts", [])), *turns),
        tuple(tool["name"] for tool in tools),
        path.endswith(":streamGenerateContent"),
        headers.get("x-goog-api-key", ""),
        body,
    )


def _turns(content: dict[str, Any]) -> Iterator[tuple[str, str]]:
    role = "assistant" if content.get("role") == "model" else "user"
    for part in content["parts"]:
        answered = part.get("function_response") or part.get("functionResponse")
        called = part.get("function_call") or part.get("functionCall")
        if answered:
            yield "tool", json.dumps(answered["response"])
        elif called:
            yield role, json.dumps(called["args"])
        else:
            yield role, part["text"]


def whole(talk: Talk, model: str) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"text": talk.thinking, "thought": True}] if talk.thinking else []
    parts += [{"text": talk.text}] if talk.text else []
    parts += [{"functionCall": {"name": call.name, "args": call.arguments}} for call in talk.calls]
    return _answer(parts, model, talk, last=True)


def stream(talk: Talk, model: str) -> Iterator[bytes]:
    """Calls come whole in this format: it has no way to send one that is not JSON."""
    parts: list[dict[str, Any]] = [{"text": talk.thinking, "thought": True}] if talk.thinking else []
    parts += [{"text": piece} for piece in talk.pieces()]
    parts += [{"functionCall": {"name": call.name, "args": call.arguments}} for call in talk.calls]
    for number, part in enumerate(parts or [{"text": ""}], 1):
        answer = _answer([part], model, talk, last=number >= len(parts))
        yield f"data: {json.dumps(answer)}\r\n\r\n".encode()


def error(status: int, message: str) -> dict[str, Any]:
    name = {401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 429: "RESOURCE_EXHAUSTED"}.get(status, "INTERNAL")
    return {"error": {"code": status, "message": message, "status": name}}


def _answer(parts: list[dict[str, Any]], model: str, talk: Talk, *, last: bool) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
    if last:
        candidate["finishReason"] = "MAX_TOKENS" if talk.cut_off else "STOP"
    usage = {"promptTokenCount": talk.input_tokens, "candidatesTokenCount": talk.output_tokens,
             "totalTokenCount": talk.input_tokens + talk.output_tokens}  # fmt: skip
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": model, "responseId": "r1"}
