"""A project's MCP servers: what can be one, and who is given its credentials."""

from __future__ import annotations

from typing import Any

import pytest

from apps.projects.mcp_servers import MOST_SERVERS, BadServer, Wanted, headers_of, remove_server, set_server
from apps.projects.models import McpServer
from apps.projects.secrets import SecretError, put_secret
from tests.conftest import People

URL = "https://mcp.example/mcp"
BAD: list[tuple[str, dict[str, Any]]] = [
    ("command", {}),
    ("command", {"command": ["x"], "url": URL}),
    ("command", {"command": [""]}),
    ("command", {"command": ["a\0b"]}),
    ("env", {"command": ["x"], "env": {"A B": "1"}}),
    ("env", {"url": URL, "env": {"A": "1"}}),
    ("url", {"url": "ftp://x"}),
    ("url", {"url": "https://ada:s3cret@mcp.example/"}),
    ("url", {"url": "https://x:99999/"}),
    ("headers", {"command": ["x"], "headers": {"X-A": "1"}}),
    ("headers", {"url": URL, "headers": {"Host": "other"}}),
    ("headers", {"url": URL, "headers": {"X-A": "1\r\nX-B: 2"}}),
    ("headers", {"url": URL, "headers": {"Authorization": "Bearer s3cret"}}),
    ("headers", {"url": URL, "headers": {"X-A": "${HIVE_ORIGIN}"}}),
    ("tools", {"command": ["x"], "tools": {"go": "maybe"}}),
    ("policy", {"command": ["x"], "policy": "maybe"}),
    ("timeout_s", {"command": ["x"], "timeout_s": 0}),
]


def test_a_server_is_set_changed_and_removed(people: People) -> None:
    made = set_server(people.project, "time", Wanted(command=["server"], tools={"go": "allow"}))
    assert (made.policy_of("go"), made.policy_of("other")) == ("allow", "gate")
    changed = set_server(people.project, "time", Wanted(url=URL, policy="deny"))
    assert (changed.pk, changed.command, changed.tools, changed.policy_of("go")) == (made.pk, [], {}, "deny")
    remove_server(changed)
    assert not McpServer.objects.exists()


@pytest.mark.parametrize(("where", "wanted"), BAD)
def test_what_cannot_be_one_is_refused_where_it_is_wrong(people: People, where: str, wanted: dict[str, Any]) -> None:
    with pytest.raises(BadServer) as refused:
        set_server(people.project, "x", Wanted(**wanted))
    assert refused.value.where == where
    assert "s3cret" not in str(refused.value)
    assert not McpServer.objects.exists()


@pytest.mark.parametrize("name", ["", "Time", "a_b", "-a", "a" * 21])
def test_a_name_that_could_not_be_told_from_its_tools_is_refused(people: People, name: str) -> None:
    with pytest.raises(BadServer, match="lower-case"):
        set_server(people.project, name, Wanted(command=["x"]))


def test_there_are_so_many_at_most(people: People) -> None:
    for number in range(MOST_SERVERS):
        set_server(people.project, f"s{number}", Wanted(command=["x"]))
    set_server(people.project, "s0", Wanted(command=["y"]))
    with pytest.raises(BadServer, match="at most"):
        set_server(people.project, "more", Wanted(command=["x"]))


def test_a_credential_is_put_in_its_place_only_when_it_is_asked_for(people: People) -> None:
    server = set_server(people.project, "forge", Wanted(url=URL, headers={"Authorization": "Bearer ${TOKEN}"}))
    with pytest.raises(SecretError, match="TOKEN"):
        headers_of(server)
    put_secret(people.project, "TOKEN", "s3cret")
    assert headers_of(server) == {"Authorization": "Bearer s3cret"}
    assert server.headers == {"Authorization": "Bearer ${TOKEN}"}


def test_a_secret_of_another_project_is_none_of_this_one(people: People) -> None:
    put_secret(people.foreign_project, "TOKEN", "theirs")
    server = set_server(people.project, "forge", Wanted(url=URL, headers={"Authorization": "Bearer ${TOKEN}"}))
    with pytest.raises(SecretError):
        headers_of(server)
