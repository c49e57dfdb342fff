"""Servers that hang, die, write too much, offer too much: each is told of in a sentence, and the others go on."""

from __future__ import annotations

import threading
import time

import pytest

from tests.contract.mcp.conftest import Open, names
from workers.mcp.port import Inside, ServerFailed
from workers.sandbox import Sandbox


def rough(way: str, timeout_s: float = 20.0) -> Inside:
    return Inside(way, ["python3", "rough.py", way], timeout_s=timeout_s)


def test_one_that_is_not_there_takes_nothing_from_the_others(open_servers: Open) -> None:
    servers = open_servers(Inside("none", ["no-such-server"]), rough("plain"))
    assert "not found" in str(servers.tools()["none"])
    assert servers.call("plain", "go", {}).text == "went 1"


def test_what_is_no_message_is_passed_over(open_servers: Open) -> None:
    assert names(open_servers(rough("noise")), "noise") == ["go"]


def test_of_ten_thousand_tools_a_thousand_are_looked_at(local_box: Sandbox, open_servers: Open) -> None:
    servers = open_servers(rough("many"), rough("endless"))
    assert len(names(servers, "many")) == 1_000
    assert names(servers, "endless") == []


def test_what_it_says_of_its_tools_is_cut_to_what_a_model_can_read(open_servers: Open) -> None:
    servers = open_servers(rough("loop"), rough("huge"))
    assert names(servers, "loop") == ["go"]
    (huge,) = servers.tools()["huge"]  # type: ignore[misc]
    assert len(huge.description) == 2_000
    assert huge.schema == {"type": "object", "properties": {}}


def test_one_that_hangs_is_left_in_time_and_begun_anew(local_box: Sandbox, open_servers: Open) -> None:
    local_box.run(["rm", "-f", "hung"], timeout_s=10, on_output=lambda _: None)
    servers = open_servers(rough("hangs-once", timeout_s=3.0))
    with pytest.raises(ServerFailed, match="did not answer within 3 s"):
        servers.call("hangs-once", "go", {})
    assert servers.call("hangs-once", "go", {}).text == "went 1"


def test_one_that_dies_says_why_and_is_begun_so_often_at_most(open_servers: Open) -> None:
    servers = open_servers(rough("dies"))
    for _ in range(5):
        with pytest.raises(ServerFailed, match="I cannot go on"):
            servers.call("dies", "go", {})
    with pytest.raises(ServerFailed, match="begun 5 times"):
        servers.call("dies", "go", {})


def test_an_answer_of_50_mb_ends_it(local_box: Sandbox, open_servers: Open) -> None:
    servers = open_servers(rough("big"))
    with pytest.raises(ServerFailed, match="more than 8 MiB"):
        servers.call("big", "go", {})


def test_one_that_writes_without_an_end_is_ended(open_servers: Open) -> None:
    servers = open_servers(rough("floods", timeout_s=60.0))
    with pytest.raises(ServerFailed, match="32 MiB without being asked"):
        servers.call("floods", "go", {})


def test_a_tool_that_it_has_no_more_is_a_problem_of_the_call(open_servers: Open) -> None:
    servers = open_servers(rough("changes"))
    assert servers.call("changes", "go", {}).text == "went 1"
    gone = servers.call("changes", "go", {})
    assert (gone.problem, "There is no tools/call" in gone.text) == (True, True)
    assert names(servers, "changes") == ["go"]


def test_what_is_no_text_is_described(open_servers: Open) -> None:
    assert open_servers(rough("picture")).call("picture", "go", {}).text == (
        "[image, image/png, about 300 bytes: not shown]"
    )


def test_a_job_that_is_to_stop_waits_for_none(open_servers: Open) -> None:
    servers = open_servers(rough("hangs", timeout_s=60.0))
    threading.Timer(0.3, lambda: servers.cancel("The job is to stop.")).start()
    began = time.monotonic()
    with pytest.raises(ServerFailed, match="is to stop"):
        servers.call("hangs", "go", {})
    assert time.monotonic() - began < 20
    with pytest.raises(ServerFailed, match="is to stop"):
        servers.call("hangs", "go", {})
