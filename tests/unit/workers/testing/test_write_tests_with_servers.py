"""testing.write with an MCP server of the project."""

from __future__ import annotations

from typing import Any

import pytest

from apps.projects.mcp_servers import Wanted, set_server
from apps.runs.models import Gate
from apps.runs.services.approve import approve_gate
from apps.runs.services.finish import finish
from apps.runs.services.perform import attempt
from hive.home import Home
from tests.conftest import People
from tests.mcp_servers.echo import echo
from tests.providers import calls, scripted
from tests.unit.workers.jobs import held, planned
from tests.unit.workers.testing.test_write_tests import GREETS, PLAN, TITLE, submit, use
from workers.testing.author.write_tests import write_tests
from workers.tool_servers import ALLOW

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_tester_has_the_tools_of_the_projects_servers_and_a_gate_waits_for_a_person(
    people: People, home: Home, settings: Any
) -> None:
    with echo() as (place, _):
        settings.MCP_HOSTS = [place]
        wanted = Wanted(url=f"http://{place}/mcp", tools={"look": "allow"})
        set_server(people.project, "echo", wanted)
        run = planned(people, **PLAN)
        turns = [calls("mcp__echo__look"), calls("mcp__echo__go"), GREETS, TITLE, submit()]
        with scripted(turns) as provider:
            use(settings, provider)
            active = held(run, "testing.write", run.tasks.get())
            asked = attempt(active, write_tests)
            finish(active, asked, run.epoch)
            assert (asked.status, asked.reason) == ("canceled", "asked")
            approve_gate(Gate.objects.get(), people.owner, answers=[ALLOW])
            active = held(run, "testing.write", run.tasks.get(), attempt=2)
            outcome = attempt(active, write_tests)
    assert outcome.status == "completed", outcome.message
    assert "You sent" in provider.seen[1].last
    assert "You sent" in provider.seen[2].last
    assert len(provider.seen) == 5
