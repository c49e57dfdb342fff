"""`hive mcp`: a project's MCP servers, through the API."""

from __future__ import annotations

import json
from typing import Any

from apps.projects.models import McpServer
from tests.conftest import People
from tests.mcp_servers.echo import echo
from tests.unit.hive.cli.conftest import Verbs


def test_a_server_with_a_command_is_added_listed_and_removed(people: People, verbs: Verbs) -> None:
    assert verbs("mcp", "add", "site", "time", "--policy", "allow", "--env", "TZ=UTC", "--", "server", "--fast") == (
        0,
        "time is set. Jobs that begin later use it.\n",
        "",
    )
    made = McpServer.objects.get()
    assert (made.command, made.env, made.policy) == (["server", "--fast"], {"TZ": "UTC"}, "allow")
    assert verbs("mcp", "list", "site")[1] == "time\tserver --fast\tallow\t\n"
    assert verbs("mcp", "remove", "site", "time")[:2] == (0, "time is removed.\n")
    assert not McpServer.objects.exists()


def test_one_with_an_address_is_checked_and_its_tools_shown_with_their_rules(
    people: People, verbs: Verbs, settings: Any
) -> None:
    with echo() as (place, _):
        settings.MCP_HOSTS = [place]
        options = ("--url", f"http://{place}/mcp", "--header", "X-Team: ours", "--deny", "go", "--planning", "look")
        verbs("mcp", "add", "site", "echo", *options)
        code, out, _ = verbs("mcp", "check", "site", "echo", by=people.teammate)
        _, listed, _ = verbs("mcp", "list", "site", "--json")
    assert (code, out.splitlines()[0]) == (0, "It answers, and offers 2 tools.")
    assert "go\tdeny\t\tGo." in out
    assert "look\tgate\twhile planning\tGo." in out
    assert json.loads(listed)["servers"][0]["headers"] == {"X-Team": "ours"}


def test_one_that_does_not_answer_is_exit_code_1(people: People, verbs: Verbs) -> None:
    verbs("mcp", "add", "site", "away", "--url", "https://127.0.0.1:1/")
    code, out, _ = verbs("mcp", "check", "site", "away")
    assert code == 1
    assert "127.0.0.1" in out


def test_a_teammate_sets_none_and_for_an_outsider_there_is_no_such_project(people: People, verbs: Verbs) -> None:
    for who in (people.teammate, people.outsider):
        assert verbs("mcp", "add", "site", "time", "--", "server", by=who)[0] == 2
    assert verbs("mcp", "add", "site", "time", "--env", "x", "--", "server")[2] == "hive: --env: write NAME=VALUE.\n"
    assert not McpServer.objects.exists()
