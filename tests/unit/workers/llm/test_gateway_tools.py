"""The gateway's tools: messages that are none, tools that are none, and calls that fail are answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from workers.llm.gateway.tools import Tools
from workers.llm.tools.mcp import Given
from workers.llm.tools.port import Instrument, Toolbox, ToolFailed


def fail(_given: Any) -> str:
    raise ToolFailed("It is away.")


def instrument(name: str, run: Any) -> Instrument:
    return Instrument(name, "Does it.", Given, run, schema={"type": "object", "properties": {}})


@pytest.fixture
def tools() -> Tools:
    return Tools(
        Toolbox([instrument("mcp__x__go", lambda given: f"went {given.root}"), instrument("mcp__x__no", fail)])
    )


def ask(tools: Tools, method: str, **params: Any) -> Any:
    return tools.answer(json.dumps({"jsonrpc": "2.0", "id": 7, "method": method, "params": params}).encode())


def test_it_says_what_it_is_in_a_version_that_both_know(tools: Tools) -> None:
    assert ask(tools, "initialize", protocolVersion="2025-03-26")["result"]["protocolVersion"] == "2025-03-26"
    assert ask(tools, "initialize", protocolVersion="1999-01-01")["result"]["protocolVersion"] == "2025-06-18"


def test_a_tool_is_called_by_the_name_under_which_it_is_shown(tools: Tools) -> None:
    assert [one["name"] for one in ask(tools, "tools/list")["result"]["tools"]] == ["x__go", "x__no"]
    called = ask(tools, "tools/call", name="x__go", arguments={"a": 1})["result"]
    assert (called["content"], called["isError"]) == ([{"type": "text", "text": "went {'a': 1}"}], False)
    failed = ask(tools, "tools/call", name="x__no")["result"]
    assert (failed["content"][0]["text"], failed["isError"]) == ("It is away.", True)


@pytest.mark.parametrize("name", ["mcp__x__go", "shell", "", None, ["x__go"]])
def test_what_is_not_in_the_box_does_not_exist(tools: Tools, name: Any) -> None:
    assert ask(tools, "tools/call", name=name)["error"]["message"] == "There is no such tool."


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"[" * 100_000, b'{"id": 1}', b'{"id": 1, "method": 2}'])
def test_what_is_no_message_is_told_so(tools: Tools, body: bytes) -> None:
    answer = tools.answer(body)
    assert answer is not None
    assert answer["error"]["code"] == -32600


def test_a_notification_gets_no_answer_and_another_method_is_none(tools: Tools) -> None:
    assert tools.answer(b'{"jsonrpc": "2.0", "method": "notifications/initialized"}') is None
    assert ask(tools, "resources/list")["error"]["code"] == -32601
