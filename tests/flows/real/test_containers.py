"""Specs whose releases are containers, on a real Hive and a real engine: shown, switched, rolled back, cleared away."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.contract.targets.containers import clear_engine
from tests.flows.real.evidence import check_ended_right
from tests.flows.real.hive import ROOT, Hive, running, until
from tests.servers.docker import engine, require_engine

pytestmark = [pytest.mark.flow]
PAGE = {
    "id": "page",
    "title": "A page in a container",
    "outputs": [{"path": "index.html"}],
    "tests": [{"run": "test -f index.html && echo ok"}],
    "deploy": {"target": "docker", "directory": ".", "port": 18095},
}
ROLL_BACK = "import sys; from hive.celery import app; app.send_task('deployment.roll_back', [int(sys.argv[1])])"


@pytest.fixture(scope="module")
def hive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hive]:
    require_engine()
    home = tmp_path_factory.mktemp("containers") / "home"
    try:
        with running(home, HIVE_DEBUG="0") as hive:
            yield hive
    finally:
        clear_engine(installation(home))


def installation(home: Path) -> str:
    return in_hive(home, "from workers.deployment.choose import installation; print(installation())").strip()


def in_hive(home: Path, script: str, *words: str) -> str:
    """What a script says that runs as one of Hive's own processes would."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith("HIVE_")}
    prelude = "import django; django.setup()\n"
    done = subprocess.run(
        [sys.executable, "-c", prelude + script, *words],
        cwd=ROOT,
        env={**environ, "HIVE_HOME": str(home), "DJANGO_SETTINGS_MODULE": "hive.settings"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def page(text: str) -> dict[str, Any]:
    inputs = [{"type": "file", "path": "index.html", "content": text}]
    return {**PAGE, "inputs": inputs, "acceptance": [{"url": "http://devsite:18095/", "contains": text}]}


def sample(name: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / "specs" / name).read_text())


def completed(hive: Hive, spec: dict[str, Any]) -> Any:
    run = hive.wait(hive.start(spec=spec))
    assert run["status"] == "completed", (run["message"], hive.all(f"runs/{run['id']}/jobs"))
    check_ended_right(hive, run["id"])
    return run["release"]


def body(url: str) -> str:
    return httpx.get(url, trust_env=False).text


def test_a_page_is_deployed_switched_and_rolled_back(hive: Hive) -> None:
    first, second = completed(hive, page("first")), completed(hive, page("second"))
    assert first["url"] == second["url"]
    assert body(second["url"]) == "second"
    in_hive(hive.home, ROLL_BACK, str(second["id"]))
    until(lambda: body(first["url"]) == "first", 60, lambda: "it is not rolled back")
    until(lambda: len(containers(hive, "e")) == 1, 30, lambda: f"{containers(hive, 'e')} run")


def containers(hive: Hive, environment: str) -> list[str]:
    with engine() as client:
        found = client.containers.list(filters={"label": f"hive.installation={installation(hive.home)}"})
        return [one.name or "" for one in found if one.labels.get("hive.environment", "").startswith(environment)]


def test_the_sample_service_of_a_dockerfile_answers_and_keeps_notes(hive: Hive) -> None:
    release = completed(hive, sample("docker-service.yaml"))
    answer = httpx.post(f"{release['url']}/notes", json={"text": "kept in a volume"}, trust_env=False)
    assert answer.status_code == 201, answer.text
    assert "kept in a volume" in body(f"{release['url']}/notes")


def test_the_sample_stack_goes_on_counting_in_the_next_release(hive: Hive) -> None:
    spec = sample("compose-stack.yaml")
    release = completed(hive, spec)
    before = visitor(release["url"])
    for one in spec["inputs"]:
        one["content"] = one["content"].replace("You are visitor", "Now you are visitor")
    spec["acceptance"][0]["contains"] = "Now you are visitor"
    assert completed(hive, spec)["url"] == release["url"]
    assert "Now you are" in body(release["url"])
    assert visitor(release["url"]) > before


def visitor(url: str) -> int:
    return int(body(url).rpartition("visitor ")[2].split(".")[0])


def test_a_stack_that_asks_for_the_machine_fails_with_the_line(hive: Hive) -> None:
    spec = sample("compose-stack.yaml")
    spec["inputs"][0]["content"] = spec["inputs"][0]["content"].replace("mem_limit: 64MB", "privileged: true")
    run = hive.wait(hive.start(spec={**spec, "id": "greedy"}))
    assert (run["status"], run["reason"]) == ("failed", "script_failed")
    assert "compose.yaml:10:5 services.counter.privileged: `privileged` is not allowed." in run["message"]
