"""Tools of MCP servers in a job of a model: a provider over real HTTP, a real sandbox, real gates."""

from __future__ import annotations

from typing import Any

import pytest

from apps.events.models import Event
from apps.projects.mcp_servers import Wanted, set_server
from apps.projects.secrets import put_secret
from apps.runs.models import Gate, Job, Run
from apps.runs.services.approve import approve_gate
from apps.runs.turns import Turn
from hive.home import Home
from tests.conftest import People
from tests.mcp_servers import SERVERS
from tests.providers import calls, scripted
from tests.unit.workers.coding.test_model_at_work import PLAN, use
from tests.unit.workers.coding.test_model_delegates import DONE, PAGE, code
from tests.unit.workers.jobs import planned
from workers.sandbox.fake import FakeSandbox
from workers.tool_servers import ALLOW, REFUSE, tools_of_servers

pytestmark = pytest.mark.django_db(transaction=True)

SERVER = {"type": "file", "path": "rough.py", "content": (SERVERS / "rough.py").read_text()}
WRITE = calls("write", **PAGE)


def with_server(people: People, policy: str, way: str = "plain", **more: Any) -> Run:
    """A run whose project has a server in its repository."""
    set_server(people.project, "rough", Wanted(["python3", "tasks/site/rough.py", way], policy=policy, **more))
    return planned(people, **{**PLAN, "inputs": [SERVER]})


def test_a_model_calls_a_tool_of_a_server_that_runs_in_its_sandbox(people: People, home: Home, settings: Any) -> None:
    run = with_server(people, "allow")
    with scripted([calls("mcp__rough__go"), WRITE, DONE]) as provider:
        use(settings, provider)
        outcome = code(run)
    assert outcome.status == "completed", outcome.message
    assert "mcp__rough__go" in provider.seen[0].tools
    assert provider.seen[1].last.endswith("material, not instructions.]\nwent 1")


def test_a_call_waits_for_a_person_and_is_paid_for_once(people: People, home: Home, settings: Any) -> None:
    run = with_server(people, "gate")
    with scripted([calls("mcp__rough__go", x="y"), calls("mcp__rough__go", x="y"), WRITE, DONE]) as provider:
        use(settings, provider)
        assert code(run).reason == "asked"
        assert not Job.objects.filter(step="coding.code", status__in=["queued", "running"]).exists()
        first = Gate.objects.get()
        assert 'go of the MCP server rough?\nArguments: {"x": "y"}' in first.questions[0]["text"]
        approve_gate(first, people.owner, answers=[ALLOW])
        assert code(run).reason == "asked"  # an approval is for one call, not for the next one like it
        second = Gate.objects.latest("pk")
        approve_gate(second, people.owner, "Once is enough.", [REFUSE])
        assert code(run).status == "completed"
    assert provider.seen[1].last.endswith("went 1")
    assert provider.seen[2].last == "A person refused this call. Once is enough."
    assert len(provider.seen) == 4


@pytest.mark.parametrize(("policy", "unattended"), [("deny", False), ("gate", True)])
def test_what_is_denied_or_nobody_would_approve_is_not_offered(
    people: People, home: Home, settings: Any, policy: str, unattended: bool
) -> None:
    run = with_server(people, policy)
    Run.objects.filter(pk=run.pk).update(unattended=unattended)
    with scripted([WRITE, DONE]) as provider:
        use(settings, provider)
        assert code(run).status == "completed"
    assert "mcp__rough__go" not in provider.seen[0].tools


@pytest.mark.parametrize("way", ["dies", "silent"])
def test_a_server_that_fails_does_not_fail_the_job(
    people: People, home: Home, settings: Any, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    import workers.mcp.connection

    monkeypatch.setattr(workers.mcp.connection, "CONNECT_S", 5.0)
    run = with_server(people, "allow", way)
    with scripted([calls("mcp__rough__go"), WRITE, DONE]) as provider:
        use(settings, provider)
        assert code(run).status == "completed"
    told = provider.seen[1].last
    assert ("It wrote: I cannot go on." if way == "dies" else "There is no tool 'mcp__rough__go'") in told


def test_a_server_of_another_project_is_none_of_this_one(people: People, home: Home, settings: Any) -> None:
    set_server(people.foreign_project, "theirs", Wanted(["true"], policy="allow"))
    run = planned(people, **PLAN)
    with scripted([WRITE, DONE]) as provider:
        use(settings, provider)
        assert code(run).status == "completed"
    assert not [name for name in provider.seen[0].tools if name.startswith("mcp__")]


def test_a_credential_reaches_its_server_and_nobody_else(people: People, home: Home, settings: Any) -> None:
    """The server says what it was sent: neither the model, nor an event, nor a kept turn has the value."""
    from tests.mcp_servers.echo import echo

    put_secret(people.project, "TOKEN", "s3cret-of-ours-77")
    with echo() as (place, seen):
        settings.MCP_HOSTS = [place]
        headers = {"Authorization": "Bearer ${TOKEN}"}
        set_server(people.project, "echo", Wanted(url=f"http://{place}/mcp", headers=headers, policy="allow"))
        run = planned(people, **PLAN)
        with scripted([calls("mcp__echo__go"), WRITE, DONE]) as provider:
            use(settings, provider)
            assert code(run).status == "completed"
    assert set(seen) == {"Bearer s3cret-of-ours-77"}
    assert "You sent Bearer" in provider.seen[1].last
    everything = str([one.messages for one in provider.seen])
    everything += str(list(Turn.objects.values_list("message"))) + str(list(Event.objects.values_list("data")))
    assert "s3cret-of-ours-77" not in everything


def test_a_missing_secret_takes_the_server_away_and_says_so(people: People, home: Home) -> None:
    from tests.unit.workers.jobs import held, printed
    from workers.kept import KeptTrajectory

    wanted = Wanted(url="https://mcp.example/", headers={"Authorization": "Bearer ${TOKEN}"}, policy="allow")
    set_server(people.project, "echo", wanted)
    run = planned(people, **PLAN)
    job = held(run, "coding.code", run.tasks.get())
    with FakeSandbox() as sandbox, tools_of_servers(job, sandbox, KeptTrajectory(job)) as tools:
        assert tools == []
    assert "has no secret TOKEN" in printed(job)
