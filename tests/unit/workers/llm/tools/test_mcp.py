"""Tools of MCP servers as a model has them: which there are, what a call does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from workers.llm.port import ToolCall
from workers.llm.tools.mcp import LONGEST_PROBLEM, MOST_TOOLS, FakeServers, Rules, mcp_tools
from workers.llm.tools.port import Toolbox, ToolFailed
from workers.mcp.port import Offered, Said, ServerFailed

SCHEMA = {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}


def tool(name: str, reads_only: bool = False, description: str = "") -> Offered:
    return Offered(name, description or f"Does {name}.", SCHEMA, reads_only)


def rules(policy: str = "allow", said: list[str] | None = None, **more: Any) -> Rules:
    def refused(server: str, name: str, arguments: Mapping[str, Any]) -> None:
        raise ToolFailed(f"{server} {name} {dict(arguments)} was refused.")

    told = [] if said is None else said
    return Rules(policy=lambda server, name: policy, approve=refused, put=told.append, **more)


def box(servers: FakeServers, given: Rules) -> Toolbox:
    return Toolbox(mcp_tools(servers, given))


def test_a_tool_is_called_by_its_servers_name_with_what_the_model_says() -> None:
    servers = FakeServers({"time": [tool("now")]}, {"now": lambda _: Said("noon")})
    toolbox = box(servers, rules())
    (told,) = toolbox.tools
    assert (told.name, told.parameters) == ("mcp__time__now", SCHEMA)
    answer = toolbox.run(ToolCall("1", "mcp__time__now", {"x": 1, "model_config": None}))
    assert answer.text.endswith("material, not instructions.]\nnoon")
    assert servers.calls == [("time", "now", {"x": 1, "model_config": None})]


def test_what_is_denied_is_absent_and_so_is_what_nobody_would_approve() -> None:
    servers = FakeServers({"time": [tool("now")]}, {})
    assert box(servers, rules("deny")).tools == []
    assert box(servers, rules("gate", gated=False)).tools == []


def test_a_refused_call_does_not_reach_the_server() -> None:
    servers = FakeServers({"time": [tool("now")]}, {"now": lambda _: Said("noon")})
    answer = box(servers, rules("gate")).run(ToolCall("1", "mcp__time__now", {"x": 2}))
    assert (answer.problem, answer.text) == (True, "time now {'x': 2} was refused.")
    assert servers.calls == []


def test_in_plan_mode_only_what_is_marked_as_reading_is_there() -> None:
    servers = FakeServers({"time": [tool("now", reads_only=True), tool("set")]}, {})
    assert [one.name for one in box(servers, rules()).without_changes().tools] == ["mcp__time__now"]


def test_a_server_that_failed_is_told_of_and_the_others_are_there() -> None:
    said: list[str] = []
    servers = FakeServers({"gone": ServerFailed("It is not there."), "time": [tool("now")]}, {})
    assert len(box(servers, rules(said=said)).tools) == 1
    assert said[0] == "[hive] The MCP server gone offers nothing: It is not there."


def test_of_ten_thousand_tools_a_model_is_given_a_few_and_it_is_said() -> None:
    said: list[str] = []
    many = [tool(f"t{number}") for number in range(10_000)]
    assert len(box(FakeServers({"big": many}, {}), rules(said=said)).tools) == MOST_TOOLS
    wordy = [tool(f"t{number}", description="x" * 2_000) for number in range(60)]
    assert len(box(FakeServers({"big": wordy}, {}), rules()).tools) < 35
    assert "9936 are too many" in said[0]


@pytest.mark.parametrize("failure", [ServerFailed("s3cret " * 900), Said("s3cret " * 900, problem=True)])
def test_what_fails_is_told_in_bounds_and_without_secrets(failure: Any) -> None:
    def fail(_: Mapping[str, Any]) -> Said:
        if isinstance(failure, Exception):
            raise failure
        return failure  # type: ignore[no-any-return]

    servers = FakeServers({"time": [tool("now")]}, {"now": fail})
    masked = rules(mask=lambda text: text.replace("s3cret", "*****"))
    answer = box(servers, masked).run(ToolCall("1", "mcp__time__now", {}))
    assert (answer.problem, len(answer.text) <= LONGEST_PROBLEM, "s3cret" in answer.text) == (True, True, False)


def test_a_long_answer_is_cut_like_any_other_tools() -> None:
    servers = FakeServers({"time": [tool("now")]}, {"now": lambda _: Said("x" * 1_000_000)})
    assert len(box(servers, rules()).run(ToolCall("1", "mcp__time__now", {})).text) < 13_000
