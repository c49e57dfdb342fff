"""A story becomes a released site: over real processes, with a model that answers from a script over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from tests.flows.real import faults
from tests.flows.real.faults import Trap
from tests.flows.real.hive import Hive, running, until
from tests.flows.real.storyteller import script
from tests.flows.real.test_pipeline import command
from tests.providers import KEY, Provider, scripted

pytestmark = [pytest.mark.flow]
STORY = "A page for our club."


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with scripted(script) as provider:
        yield provider


@pytest.fixture(scope="module")
def hive(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hive]:
    model = {"HIVE_MODEL": "openai/gpt-4o-mini", "HIVE_MODEL_API_KEY": KEY}
    home = tmp_path_factory.mktemp("story") / "home"
    with running(home, "trapped", **model, HIVE_MODEL_API_BASE=provider.address("openai")) as hive:
        yield hive


def managed(provider: Provider, story: str) -> int:
    """How often the provider was asked by the manager of this story."""
    return sum("propose_spec" in seen.tools and story in seen.messages[1][1] for seen in provider.seen)


def test_a_story_is_asked_about_once_and_becomes_a_site_that_answers(hive: Hive, provider: Provider) -> None:
    run_id = hive.start(story=STORY, project="club")
    gates = until(lambda: hive.get("gates", run=run_id)["results"], 60, lambda: str(hive.get(f"runs/{run_id}")))
    answered = command(hive, "approve", str(gates[0]["id"]), "-a", "red")
    assert answered.returncode == 0, answered.stderr
    run = hive.wait(run_id)
    assert run["status"] == "completed", run
    assert "Welcome in red" in httpx.get(run["release"]["url"], trust_env=False).text
    version = hive.get(f"specs/{run['spec']}/versions/1")
    assert (version["story"], version["data"]["tasks"][1]["depends_on"]) == (STORY, ["page"])
    steps = [job["step"] for job in hive.all(f"runs/{run_id}/jobs")]
    assert steps.count("manager.specify") == 2
    assert {"manager.plan", "coding.merge", "testing.verify", "deployment.deploy", "monitoring.accept"} <= set(steps)
    assert managed(provider, STORY) == 3  # it asked, proposed what was wrong, and proposed again
    assert run["usage"]["calls"] == hive.get(f"runs/{run_id}/usage")["budget"]["calls"]["used"] > 3


def test_with_yes_nobody_is_asked(hive: Hive) -> None:
    words = ("--yes", "--budget-usd", "2", "--project", "unattended", "--wait", "--json")
    done = command(hive, "run", "--story", "A page for the other club.", *words)
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["status"]) == (0, "completed"), done.stdout
    assert "Welcome in blue" in httpx.get(answer["release"]["url"], trust_env=False).text
    assert "questions" not in [gate["name"] for gate in hive.get("gates", run=answer["id"])["results"]]
    assert hive.get(f"runs/{answer['id']}/usage")["budget"]["usd"]["limit"] == 2


@pytest.mark.parametrize("who", ["child", "worker"])
def test_a_manager_that_is_killed_does_not_pay_twice(hive: Hive, provider: Provider, who: str) -> None:
    story = f"A page for the club whose {who} dies."
    faults.arm(hive.home, Trap("before finish", "manager.specify", who))
    run = hive.wait(hive.start(story=story, project=f"killed-{who}", unattended=True))
    assert not faults.is_armed(hive.home)
    assert run["status"] == "completed", run
    specified = [job for job in hive.all(f"runs/{run['id']}/jobs") if job["step"] == "manager.specify"]
    assert [job["reason"] for job in specified] == ["lost", ""]
    assert managed(provider, story) == 2  # what was wrong, and what was right; nothing of it again


def test_a_story_that_cannot_be_paid_for_ends_with_that_reason(hive: Hive) -> None:
    run = hive.wait(hive.start(story="A page that is too dear.", unattended=True, budget={"calls": 1}))
    assert (run["status"], run["reason"]) == ("failed", "budget_exhausted")
