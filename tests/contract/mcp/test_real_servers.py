"""Real servers: one from PyPI as it comes, and one made with the official SDK; they run in the sandbox."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.mcp.conftest import names
from tests.mcp_servers.packages import python
from workers.mcp.asked import Network
from workers.mcp.port import Inside
from workers.mcp.servers import JobServers
from workers.sandbox import Sandbox


@pytest.fixture(scope="module")
def servers(furnished: Sandbox) -> Iterator[JobServers]:
    both = [Inside("time", python("-m", "mcp_server_time")), Inside("busy", python("busy.py"))]
    with JobServers(both, furnished, Network()) as entered:
        yield entered


def test_a_server_from_pypi_says_what_it_offers_and_does_it(servers: JobServers) -> None:
    assert names(servers, "time") == ["get_current_time", "convert_time"]
    noon = {"source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Kolkata"}
    assert "17:30" in servers.call("time", "convert_time", noon).text


def test_a_server_of_the_official_sdk_marks_what_only_reads(servers: JobServers) -> None:
    offers = servers.tools()["busy"]
    assert not isinstance(offers, Exception)
    assert {one.name: one.reads_only for one in offers}["add"]
    assert [one.name for one in offers if one.reads_only] == ["add"]
    assert servers.call("busy", "add", {"a": 1, "b": 2}).text == "3"


def test_it_works_in_the_jobs_own_workspace(servers: JobServers, furnished: Sandbox) -> None:
    servers.call("busy", "note", {"text": "from the server"})
    assert furnished.read("notes.txt", 100).endswith(b"from the server\n")


def test_what_a_tool_refuses_is_its_answer(servers: JobServers) -> None:
    assert servers.call("busy", "refuse", {}).problem
    wrong = servers.call("busy", "add", {"a": "x"})
    assert wrong.problem
    assert "valid integer" in wrong.text
    assert servers.call("busy", "no-such-tool", {}).problem
