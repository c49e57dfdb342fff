"""An MCP server of a project's, on real processes: set over the API, run in the sandbox, approved by a person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.flows.real.hive import Hive
from tests.flows.real.test_steering import DONE, PAGE, wait_for, with_model
from tests.mcp_servers import SERVERS
from tests.providers import calls, scripted
from tests.providers.script import Seen, Talk
from workers.tool_servers import ALLOW

pytestmark = pytest.mark.flow

SERVER = {"type": "file", "path": "rough.py", "content": (SERVERS / "rough.py").read_text()}
SPEC = {
    "id": "page",
    "title": "Page",
    "engine": "model",
    "inputs": [SERVER],
    "outputs": [{"path": "index.html"}],
    "tests": [{"run": "test -f index.html"}],
}


def answer(seen: Seen) -> Talk:
    """By how many tools have answered: a request that comes again gets the same answer."""
    return [calls("mcp__rough__go", why="to see"), PAGE, DONE][sum(role == "tool" for role, _ in seen.messages)]


def look(hive: Hive, project: int) -> Any:
    """A worker starts the server in a sandbox, and what it offers comes back to whoever asks the web server."""
    path = f"projects/{project}/mcp-servers/small"
    hive.client.put(path, json={"command": ["python3", "-c", (SERVERS / "small.py").read_text()]})
    return hive.post(f"{path}/check")


def test_a_call_waits_for_its_approval_and_goes_on_when_its_worker_was_killed_meanwhile(tmp_path: Path) -> None:
    with scripted(answer) as provider, with_model(tmp_path / "home", provider, HIVE_WORKERS="1") as hive:
        project = hive.post("projects", {"slug": "page"})["id"]
        server = {"command": ["python3", "tasks/page/rough.py", "plain"]}
        assert hive.client.put(f"projects/{project}/mcp-servers/rough", json=server).json()["policy"] == "gate"
        run = hive.start(spec=json.dumps(SPEC), project="page")
        wait_for(hive, run, lambda one: one["reason"] == "asked")
        hive.kill("build")
        (gate,) = hive.get("gates", run=run)["results"]
        assert 'Arguments: {"why": "to see"}' in gate["questions"][0]["text"]
        looked = look(hive, project)
        hive.post(f"gates/{gate['id']}/approve", {"answers": [ALLOW]})
        ended = hive.wait(run)
    assert ended["status"] == "completed", ended["message"]
    assert (looked["ok"], [(tool["name"], tool["policy"]) for tool in looked["tools"]]) == (True, [("look", "gate")])
    assert len(provider.seen) == 3
    assert provider.seen[1].last.endswith("went 1")
