"""OpenAI's chat completions, read into Hive's messages and written from its replies."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from workers.llm.port import Finish, Message, Reply, Role, Tool, ToolCall

PIECE = 2000  # characters of text per chunk of a streamed answer
ROLES = {"system": Role.SYSTEM, "developer": Role.SYSTEM, "user": Role.USER, "assistant": Role.ASSISTANT}
FINISHES = {Finish.REFUSED: "content_filter"}
Mask = Callable[[str], str]


class BadRequest(ValueError):
    """The request cannot be read; the message says why."""


@dataclass(frozen=True)
class Asked:
    """One request. What it says of temperature, choice of tools and the like is the provider's own default here."""

    messages: tuple[Message, ...]
    tools: tuple[Tool, ...]
    stream: bool


def read(body: bytes, mask: Mask) -> Asked:
    """Every text goes through `mask` before a provider sees it. Raises BadRequest."""
    try:
        asked = json.loads(body)
        messages = tuple(_message(one, mask) for one in asked["messages"])
        tools = tuple(_tool(one["function"]) for one in asked.get("tools") or ())
        return Asked(messages, tools, bool(asked.get("stream")))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadRequest(f"This is no request for a chat completion ({type(error).__name__}: {error}).") from None


def _message(one: dict[str, Any], mask: Mask) -> Message:
    text = mask(_text(one.get("content")))
    if one["role"] == "tool":
        return Message(Role.TOOL, text, call_id=str(one["tool_call_id"]), name=str(one.get("name", "")))
    calls = tuple(_call(call, mask) for call in one.get("tool_calls") or ())
    return Message(ROLES[one["role"]], text, calls)


def _text(content: Any) -> str:
    """A text, or a list of parts; of those only text is passed on."""
    if content is None or isinstance(content, str):
        return content or ""
    return "".join(part["text"] for part in content if part.get("type") == "text")


def _call(call: dict[str, Any], mask: Mask) -> ToolCall:
    raw = mask(call["function"].get("arguments") or "{}")
    try:
        arguments = json.loads(raw)
    except ValueError:
        arguments = {}
    return ToolCall(
        str(call["id"]), str(call["function"]["name"]), arguments if isinstance(arguments, dict) else {}, raw
    )


def _tool(function: dict[str, Any]) -> Tool:
    parameters = function.get("parameters") or {"type": "object", "properties": {}}
    return Tool(str(function["name"]), str(function.get("description", "")), parameters)


def whole(reply: Reply, name: str) -> dict[str, Any]:
    calls = _calls(reply)
    message = {"role": "assistant", "content": reply.text or None, **({"tool_calls": calls} if calls else {})}
    choice = {"index": 0, "message": message, "finish_reason": _finish(reply)}
    return {**_head(name, "chat.completion"), "choices": [choice], "usage": _usage(reply)}


def chunks(reply: Reply, rest: str, name: str) -> Iterator[dict[str, Any]]:
    """What is left to send of a streamed answer: the rest of its text, its calls, how it ended, what it used."""
    yield text_chunk("", name)
    yield from (text_chunk(rest[start : start + PIECE], name) for start in range(0, len(rest), PIECE))
    for index, call in enumerate(_calls(reply)):
        yield _chunk(name, {"tool_calls": [{"index": index, **call}]})
    yield _chunk(name, {}, _finish(reply))
    yield {**_head(name, "chat.completion.chunk"), "choices": [], "usage": _usage(reply)}


def text_chunk(text: str, name: str) -> dict[str, Any]:
    return _chunk(name, {"role": "assistant", "content": text})


def _chunk(name: str, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {
        **_head(name, "chat.completion.chunk"),
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }


def error(kind: str, message: str) -> dict[str, Any]:
    return {"error": {"type": kind, "code": kind, "message": message, "param": None}}


def models(name: str) -> dict[str, Any]:
    return {"object": "list", "data": [{"id": name, "object": "model", "created": 0, "owned_by": "hive"}]}


def _calls(reply: Reply) -> list[dict[str, Any]]:
    return [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.raw or json.dumps(dict(call.arguments))},
        }
        for call in reply.tool_calls
    ]


def _finish(reply: Reply) -> str:
    return FINISHES.get(reply.finish, reply.finish.value)


def _head(name: str, kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-hive", "object": kind, "created": int(time.time()), "model": name}


def _usage(reply: Reply) -> dict[str, Any]:
    used = reply.usage
    return {
        "prompt_tokens": used.input_tokens,
        "completion_tokens": used.output_tokens,
        "total_tokens": used.tokens,
        "prompt_tokens_details": {"cached_tokens": used.cached_tokens},
    }
