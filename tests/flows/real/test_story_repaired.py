"""A story becomes a service whose tests came first, with one repair round: through either engine that asks a model."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from tests.flows.real.evidence import all_events, check_ended_right
from tests.flows.real.greeter import BY_NAME, FILES, STORY, greeter, told
from tests.flows.real.hive import Hive, running
from tests.flows.real.scripted_models import settings_for
from tests.flows.real.test_pipeline import command
from tests.providers import Provider, scripted
from tests.servers import opencode

pytestmark = [pytest.mark.flow]
STEPS = [
    ("manager.specify", 1, "completed", ""),
    ("manager.plan", 1, "completed", ""),
    ("testing.write", 1, "completed", ""),
    ("coding.code", 1, "completed", ""),
    ("testing.test", 1, "failed", "tests_failed"),
    ("coding.code", 2, "completed", ""),
    ("testing.test", 2, "completed", ""),
    ("deployment.deploy", 1, "completed", ""),
    ("monitoring.accept", 1, "completed", ""),
]


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with scripted(greeter) as provider:
        yield provider


@pytest.fixture(scope="module")
def hive(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hive]:
    home = tmp_path_factory.mktemp("repaired") / "home"
    with running(home, HIVE_OPENCODE=opencode.installed(), **settings_for(provider)) as hive:
        yield hive


@pytest.fixture(params=["model", "opencode"])
def engine(request: pytest.FixtureRequest) -> str:
    if request.param == "opencode":
        opencode.program()
    return request.param


def test_a_story_becomes_a_service_that_passes_its_tests_after_one_repair(
    hive: Hive, provider: Provider, engine: str
) -> None:
    words = ("--story", STORY, "--yes", "--wait", "--json", "--engine", engine, "--project", f"by-{engine}")
    done = command(hive, "run", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    run = json.loads(done.stdout)
    check_ended_right(hive, run["id"])
    assert [(job["step"], job["round"], job["status"], job["reason"]) for job in run["jobs"]] == STEPS
    assert httpx.get(f"{run['release']['url']}/hello?name=Eve", trust_env=False).text == "Hello, Eve"
    check_the_tests_were_red_first(hive, run["id"])
    check_the_coder_was_told_what_failed(provider, engine)
    check_the_report(hive, run["id"])
    if engine == "model":
        check_the_report_on_paper(hive, run["id"])


def check_the_tests_were_red_first(hive: Hive, run_id: int) -> None:
    """On the commit that has no code: seen before the coder began."""
    events = all_events(hive, run_id)
    began = next(n for n, event in enumerate(events) if event["type"] == "phase" and event["data"]["name"] == "code")
    before = [event["data"] for event in events[:began] if event["type"] == "test_run"]
    assert [(one["requirement"], one["reason"]) for one in before] == [("r1", ""), ("r2", "")]
    assert all("fails before the code is written" in one["message"] for one in before)


def check_the_coder_was_told_what_failed(provider: Provider, engine: str) -> None:
    """The second round's coder has the name, the message and the end of the log of the one that failed, alone."""
    tool = "submit" if engine == "model" else "bash"
    said = next(told(seen) for seen in reversed(provider.seen) if tool in seen.tools)
    failure = said.partition("## What the tests said")[2]
    assert f"### `python3 {FILES['r2']}`" in failure
    assert f"It shows the requirement: {BY_NAME}" in failure
    assert "FAIL: test_it_knows_names" in failure
    assert "AssertionError: 'Hello' != 'Hello, Ann'" in failure
    assert FILES["r1"] not in failure


def check_the_report(hive: Hive, run_id: int) -> None:
    """Per requirement: its task, its test, the commit, the result."""
    commit = hive.get(f"runs/{run_id}")["commit"]
    lines = hive.get(f"runs/{run_id}/report")["lines"]
    proven = {line["id"]: (line["task"], line["test"], line["commit"], line["result"]) for line in lines}
    assert {id: proven[id] for id in FILES} == {id: ("greeter", file, commit, "passed") for id, file in FILES.items()}


def check_the_report_on_paper(hive: Hive, run_id: int) -> None:
    """The same as a person reads it."""
    shown = command(hive, "report", str(run_id))
    assert shown.returncode == 0, shown.stdout
    commit = hive.get(f"runs/{run_id}")["commit"][:12]
    wanted = ("✓", BY_NAME, FILES["r2"], commit)
    assert any(all(one in line for one in wanted) for line in shown.stdout.splitlines()), shown.stdout
