"""manager.specify with MCP servers of the project: what reads, and what its owners named for planning."""

from __future__ import annotations

from typing import Any

import pytest

from apps.projects.mcp_servers import Wanted, set_server
from hive.home import Home
from tests.conftest import People
from tests.mcp_servers.echo import echo
from tests.providers import calls, scripted
from tests.unit.workers.manager.specify.story import PROPOSES, told, use, work

pytestmark = pytest.mark.django_db(transaction=True)


def test_in_plan_mode_of_a_servers_tools_only_those_that_read_are_there(
    people: People, home: Home, settings: Any
) -> None:
    """Nor those that a person would have to approve: the manager asks once, and other things."""
    run = told(people)
    with echo() as (place, _), scripted([calls("mcp__echo__look"), PROPOSES]) as provider:
        settings.MCP_HOSTS = [place]
        use(settings, provider)
        for name, policy in (("echo", "allow"), ("asked", "gate")):
            set_server(people.project, name, Wanted(url=f"http://{place}/mcp", policy=policy))
        _, outcome = work(run)
    assert outcome.status == "completed", outcome.message
    assert [name for name in provider.seen[0].tools if name.startswith("mcp__")] == ["mcp__echo__look"]
    assert "You sent" in provider.seen[1].last


def test_a_tool_that_its_owners_name_for_planning_is_there_and_nobody_is_asked(
    people: People, home: Home, settings: Any
) -> None:
    run = told(people)
    with echo() as (place, _), scripted([calls("mcp__named__go"), PROPOSES]) as provider:
        settings.MCP_HOSTS = [place]
        use(settings, provider)
        wanted = Wanted(url=f"http://{place}/mcp", tools={"look": "deny"}, planning=["go", "look"])
        set_server(people.project, "named", wanted)
        _, outcome = work(run)
    assert outcome.status == "completed", outcome.message
    assert [name for name in provider.seen[0].tools if name.startswith("mcp__")] == ["mcp__named__go"]
    assert "You sent" in provider.seen[1].last
