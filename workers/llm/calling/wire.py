"""Hive's messages and tools as litellm takes them: in OpenAI's shape."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from workers.llm.port import Message, Role, Tool, ToolCall


def messages_of(messages: Sequence[Message]) -> list[dict[str, Any]]:
    return [_message(message) for message in messages]


def tools_of(tools: Sequence[Tool]) -> list[dict[str, Any]]:
    return [
        {
            "type": "function",
            "function": {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)},
        }
        for tool in tools
    ]


def _message(message: Message) -> dict[str, Any]:
    shown: dict[str, Any] = {"role": str(message.role), "content": message.text}
    if message.role is Role.TOOL:
        return {**shown, "tool_call_id": message.call_id, "name": message.name}
    if message.tool_calls:
        shown["tool_calls"] = [_call(call) for call in message.tool_calls]
        shown["content"] = message.text or None
    return shown


def _call(call: ToolCall) -> dict[str, Any]:
    """Always valid JSON: what a model wrote otherwise, several providers refuse to read back."""
    arguments = json.dumps(dict(call.arguments))
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def size_bytes(messages: Sequence[Message], tools: Sequence[Tool] = ()) -> int:
    """What is sent, near enough."""
    sent = json.dumps([messages_of(messages), tools_of(tools)], ensure_ascii=False)
    return len(sent.encode(errors="replace"))
