"""opencode has the tools of the project's servers through its gateway: what is allowed, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from apps.projects.mcp_servers import Wanted, set_server
from apps.projects.secrets import put_secret
from apps.runs.models import Run
from apps.specs.validate import check_data
from hive.home import Home
from tests.conftest import People
from tests.mcp_servers.echo import echo
from tests.providers import says, scripted
from tests.servers import opencode
from tests.unit.workers.coding.opencode_stub import stub
from tests.unit.workers.coding.test_opencode_at_work import PLAN, use
from tests.unit.workers.coding.test_opencode_engine import SPEC
from tests.unit.workers.jobs import held, planned
from workers.coding.engines import choose
from workers.coding.engines.opencode import launch
from workers.coding.engines.opencode.engine import Means, OpencodeEngine
from workers.coding.engines.port import Assignment
from workers.coding.engines.template import Catalogue, TemplateEngine
from workers.coding.write import write
from workers.llm import fake
from workers.llm.fake import FakeModel
from workers.llm.gateway import Gateway
from workers.llm.gateway.tools import Tools
from workers.llm.loop.trajectory import MemoryTrajectory
from workers.llm.tools.mcp import FakeServers, Rules, mcp_tools
from workers.llm.tools.port import Toolbox
from workers.mcp.port import Offered, Said
from workers.places import repository_of
from workers.repo.repository import Repository
from workers.repo.worktree import checkout
from workers.sandbox import open_sandbox
from workers.sandbox.port import GIB, Limits

pytestmark = pytest.mark.django_db(transaction=True)

SCHEMA = {"type": "object", "properties": {}}
SECRET = "s3cret-of-ours-77"
WORKS = """
PLACE = CONFIG["mcp"]["mcp"]
def use(method, key=os.environ["HIVE_MODEL_KEY"], **params):
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    request = urllib.request.Request(PLACE["url"], body, {"Authorization": "Bearer " + key})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code

seen = {"tools": [one["name"] for one in use("tools/list")["result"]["tools"]],
        "called": use("tools/call", name="echo__look", arguments={}),
        "denied": use("tools/call", name="echo__go", arguments={}),
        "gated": use("tools/call", name="gated__look", arguments={}),
        "by its full name": use("tools/call", name="mcp__echo__go", arguments={}),
        "with another key": use("tools/list", key="none"),
        "environment": dict(os.environ)}
open("index.html", "w").write(json.dumps(seen))
step(command="write it", output="written")
done()
"""


def never(_server: str, _tool: str, _arguments: Mapping[str, Any]) -> None:
    raise AssertionError("nobody is asked")


def with_servers(people: People, place: str) -> None:
    put_secret(people.project, "TOKEN", SECRET)
    url, headers = f"http://{place}/mcp", {"Authorization": "Bearer ${TOKEN}"}
    set_server(people.project, "echo", Wanted(url=url, headers=headers, policy="allow", tools={"go": "deny"}))
    set_server(people.project, "gated", Wanted(url=url, headers=headers))
    set_server(people.project, "inside", Wanted(["true"], policy="allow"))


def test_it_has_what_is_allowed_and_what_is_denied_or_nobody_would_approve_is_not_there(
    people: People, home: Home, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.work.mkdir(mode=0o711, parents=True, exist_ok=True)
    program = stub(home.work, WORKS)
    monkeypatch.setattr(choose, "find", lambda *_, **__: program)
    with echo() as (place, sent), scripted([says("Bees")]) as provider:
        settings.MCP_HOSTS = [place]
        with_servers(people, place)
        use(settings, provider)
        run = planned(people, **PLAN)
        Run.objects.filter(pk=run.pk).update(unattended=True)  # nobody would approve a call
        run.refresh_from_db()
        outcome = write(held(run, "coding.code", run.tasks.get()))
    assert outcome.status == "completed", outcome.message
    text = repository_of(people.project).content(outcome.data["commit"], "tasks/site/index.html", 100_000).decode()
    seen = json.loads(text)
    assert seen["tools"] == ["echo__look"]
    assert "You sent Bearer" in seen["called"]["result"]["content"][0]["text"]
    for refused in ("denied", "gated", "by its full name"):
        assert seen[refused]["error"]["message"] == "There is no such tool."
    assert seen["with another key"] == 401
    assert SECRET not in text
    assert set(sent) == {f"Bearer {SECRET}"}


SERVER = """
import json, os, sys
tools = [{"name": name, "description": "", "inputSchema": {"type": "object"}} for name in ("look", "go")]
def answer(method, params):
    if method == "initialize":
        about = {"name": "inside", "version": "1"}
        return {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}}, "serverInfo": about}
    if method == "tools/call":
        seen = {"called": params["name"], "files": os.listdir(), "env": dict(os.environ)}
        return {"content": [{"type": "text", "text": json.dumps(seen)}]}
    return {"tools": tools} if method == "tools/list" else None
for line in sys.stdin:
    asked = json.loads(line)
    if "id" in asked:
        found = answer(asked["method"], asked.get("params"))
        said = {"result": found} if found else {"error": {"code": -32601, "message": "There is no such method."}}
        print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], **said}), flush=True)
"""
INSIDE = (
    WORKS.partition("seen = ")[0]
    + """
seen = {"tools": [one["name"] for one in use("tools/list")["result"]["tools"]],
        "called": use("tools/call", name="inside__look", arguments={}),
        "denied": use("tools/call", name="inside__go", arguments={})}
open("index.html", "w").write(json.dumps(seen))
step(command="write it", output="written")
done()
"""
)


def test_a_server_with_a_command_runs_in_its_own_sandbox_under_the_projects_rules(
    people: People, home: Home, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.work.mkdir(mode=0o711, parents=True, exist_ok=True)
    program = stub(home.work, INSIDE)
    monkeypatch.setattr(choose, "find", lambda *_, **__: program)
    put_secret(people.project, "TOKEN", SECRET)
    command = ["python3", "-c", SERVER]
    set_server(people.project, "inside", Wanted(command, env={"HOW": "told"}, policy="allow", tools={"go": "deny"}))
    set_server(people.project, "gated", Wanted(command))
    with scripted([says("Bees")]) as provider:
        use(settings, provider)
        run = planned(people, **PLAN)
        Run.objects.filter(pk=run.pk).update(unattended=True)
        run.refresh_from_db()
        outcome = write(held(run, "coding.code", run.tasks.get()))
    assert outcome.status == "completed", outcome.message
    text = repository_of(people.project).content(outcome.data["commit"], "tasks/site/index.html", 100_000).decode()
    seen = json.loads(text)
    assert seen["tools"] == ["inside__look"]
    assert seen["denied"]["error"]["message"] == "There is no such tool."
    told = json.loads(seen["called"]["result"]["content"][0]["text"].partition("\n")[2])
    assert told["called"] == "look"
    assert "tasks" in told["files"]  # it begins in the workspace of the job
    assert told["env"]["HOW"] == "told"
    assert SECRET not in text
    assert not [name for name in told["env"] if name.startswith(("DJANGO", "HIVE_HOME", "HIVE_MODEL", "OPENCODE"))]


def test_without_a_tool_nothing_is_configured(
    people: People, home: Home, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.work.mkdir(mode=0o711, parents=True, exist_ok=True)
    body = 'open("index.html", "w").write(str("mcp" in CONFIG))\nstep(command="x")\ndone()'
    program = stub(home.work, body)
    monkeypatch.setattr(choose, "find", lambda *_, **__: program)
    with scripted([says("Bees")]) as provider:
        use(settings, provider)
        set_server(people.project, "inside", Wanted(["true"], policy="allow"))
        run = planned(people, **PLAN)
        outcome = write(held(run, "coding.code", run.tasks.get()))
    assert repository_of(people.project).content(outcome.data["commit"], "tasks/site/index.html", 100_000) == b"False"


def test_the_real_one_calls_a_tool_of_a_server(tmp_path: Path) -> None:
    """Without records: two threads at once would wait for each other in a test's database."""
    program = Path(opencode.program())
    offers = {"echo": [Offered("look", "Look.", SCHEMA), Offered("go", "Go.", SCHEMA)]}
    servers = FakeServers(offers, {"look": lambda _: Said("It is sunny."), "go": lambda _: Said("Gone.")})
    rules = Rules(lambda _server, tool: "allow" if tool == "look" else "deny", approve=never)
    model = FakeModel([fake.calls("mcp_echo__look"), fake.says("Done.")])
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(TemporaryDirectory(prefix="hive-test-")))
        scratch.chmod(0o711)
        repository = Repository(tmp_path / "site.git")
        repository.ensure()
        tree = stack.enter_context(checkout(repository, repository.resolve("main"), scratch / "tree"))
        means = Means(
            MemoryTrajectory(),
            lambda: open_sandbox(
                "process",
                scratch=scratch,
                label="box",
                programs={"opencode": program},
                limits=Limits(memory_bytes=4 * GIB, reserved_bytes=launch.RESERVED_BYTES),
            ),
            lambda listener, fail, tools: Gateway(lambda: model, listener=listener, on_failure=fail, tools=tools),
            tree,
            "steps/1",
            TemplateEngine(Catalogue([])),
            300.0,
            lambda *_: nullcontext(Tools(Toolbox(mcp_tools(servers, rules)))),
        )
        spec = check_data(SPEC).spec
        assert spec is not None
        assignment = Assignment(spec.tasks[0], 1, "", lambda type, **data: None, lambda text: None)
        written = OpencodeEngine(means).write_code(assignment, tree.path)
    assert written.summary == "Done."
    assert servers.calls == [("echo", "look", {})]
    assert "It is sunny." in str(model.asked[-1])
