"""opencode's call of a gated tool: a person decides, and the next attempt's conversation comes to it again."""

from __future__ import annotations

from typing import Any

import pytest

from apps.projects.mcp_servers import Wanted, set_server
from apps.runs.models import Gate
from apps.runs.services.approve import approve_gate
from apps.runs.turns import turns_of
from hive.home import Home
from tests.conftest import People
from tests.mcp_servers.echo import echo
from tests.providers import says, scripted
from tests.unit.workers.coding.opencode_stub import stub
from tests.unit.workers.coding.test_model_delegates import code
from tests.unit.workers.coding.test_opencode_at_work import PLAN, use
from tests.unit.workers.coding.test_opencode_mcp import WORKS
from tests.unit.workers.jobs import planned
from workers.coding.engines import choose
from workers.tool_servers import ALLOW

pytestmark = pytest.mark.django_db(transaction=True)

GATED = (
    WORKS.partition("seen = ")[0]
    + """
step(command="begin", output=sys.argv[-1][-600:])
for _ in range(2):
    said = use("tools/call", name="gated__look", arguments={"why": "to see"})["result"]
    step(tool="mcp_gated__look", output=said["content"][0]["text"], why="to see")
open("index.html", "w").write("<h1>Bees</h1>")
done()
"""
)


def test_a_gated_call_waits_for_a_person_and_the_next_attempt_comes_to_it_again(
    people: People, home: Home, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An approval is for one call, not for the next one like it."""
    home.work.mkdir(mode=0o711, parents=True, exist_ok=True)
    program = stub(home.work, GATED)
    monkeypatch.setattr(choose, "find", lambda *_, **__: program)
    with echo() as (place, _sent), scripted([says("Bees")]) as provider:
        settings.MCP_HOSTS = [place]
        set_server(people.project, "gated", Wanted(url=f"http://{place}/mcp", tools={"go": "deny"}))
        use(settings, provider)
        run = planned(people, **PLAN)
        assert code(run).reason == "asked"
        first = Gate.objects.get()
        question = 'Call 1 of it: may opencode call look of the MCP server gated?\nArguments: {"why": "to see"}'
        assert first.questions[0]["text"] == question
        approve_gate(first, people.owner, answers=[ALLOW])
        assert code(run).reason == "asked"
        second = Gate.objects.latest("pk")
        assert second.questions[0]["text"].startswith("Call 2 of it")
        told = [row["message"]["text"] for row in turns_of(run.tasks.get().pk, 1) if row["message"]["role"] == "tool"]
        assert f"A person was asked: {question}\nThe answer: {ALLOW}." in told[1]
        assert "You sent" in told[2]
        assert len(told) == 3
