"""An agent in a container, as docs/agents.md starts it, beside the composed Hive."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from docker.errors import NotFound

from tests.flows.compose.stack import IMAGE, ROOT, Stack
from tests.flows.compose.test_compose import PRYING, api
from tests.flows.page import follow

pytestmark = [pytest.mark.flow, pytest.mark.compose]


def test_an_agent_in_a_container_runs_a_pipelines_tests(stack: Stack, tmp_path: Path) -> None:
    """Its jobs are as far away from it as they are from a worker."""
    (spec := tmp_path / "spec.yaml").write_text(
        f"{PRYING}runs_on: [gpu]\n".replace("/secrets", "/var/lib/hive/credential.json")
    )
    with agent(stack) as name:
        ended = json.loads(stack.hive("run", str(spec), "--wait", "--json"))
        assert ended["status"] == "completed", ended
        jobs = api(stack, f"runs/{ended['id']}/jobs")["results"]
        assert [job["agent"] for job in jobs if job["step"] == "testing.on_agent"] == [name]
        container = stack.client.containers.get(name)
        container.stop(timeout=60)
        assert container.wait()["StatusCode"] == 0


@contextmanager
def agent(stack: Stack) -> Iterator[str]:
    """A container beside the stack, and nothing of it afterwards."""
    name = f"{stack.project}-agent"
    token = json.loads(stack.inside("web", "hive", "agent", "token", "--tags", "gpu", "--json"))["token"]
    told = {"SERVER": stack.url, "TOKEN": token, "NAME": name, "NETWORK": "host", "IMAGE": IMAGE}
    try:
        follow("agent: container", ROOT, page="agents.md", **told)
        yield name
    finally:
        with suppress(NotFound):
            stack.client.containers.get(name).remove(force=True)
        for volume in ("proc", "home"):
            with suppress(NotFound):
                stack.client.volumes.get(f"{name}-{volume}").remove()
