"""A real Hive whose pipelines run their tests on agents, and the agents that a test starts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.flows.real.hive import ROOT, Hive, until

BARE = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
VERB = (sys.executable, "-c", "from hive.cli.main import run; run()")
SPEC: dict[str, Any] = {
    "id": "site",
    "title": "Site",
    "inputs": [{"type": "file", "path": "index.html", "content": "<h1>Hello</h1>"}],
    "outputs": [{"path": "index.html"}],
    "acceptance": [{"url": "http://devsite:8080/", "contains": "Hello"}],
    "deploy": {"directory": "."},
    "runs_on": ["gpu"],
}


def spec(test: str, **more: Any) -> dict[str, Any]:
    """A page, and the shell line that tests it on agents."""
    return {**SPEC, "tests": [{"run": f"test -f index.html && {test}", "expect": {"tests": 1}}], **more}


def verb(hive: Hive, *words: str) -> Any:
    """What `hive …` prints as JSON."""
    environ = {**BARE, "HIVE_HOME": str(hive.home)}
    done = subprocess.run([*VERB, *words, "--json"], env=environ, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class Farm:
    """A Hive, and the agents that a test starts: each has the tag gpu and ends with the test."""

    def __init__(self, hive: Hive, token: str, folder: Path) -> None:
        self.hive = hive
        self.token = token
        self.folder = folder
        self.agents: list[subprocess.Popen[bytes]] = []

    def agent(self, name: str) -> subprocess.Popen[bytes]:
        told = {"server": self.hive.url, "token": self.token, "name": name, "home": str(self.folder / name)}
        told |= {"sandbox": "process", "min_free_mb": "1"}
        environ = BARE | {f"HIVE_AGENT_{key.upper()}": value for key, value in told.items()}
        with (self.folder / f"{name}.log").open("ab") as log:
            self.agents.append(subprocess.Popen([*VERB, "agent", "run"], cwd=ROOT, env=environ, stdout=log, stderr=log))
        return self.agents[-1]

    def start(self, test: str, **more: Any) -> int:
        return self.hive.start(spec=spec(test, **more))

    def jobs(self, run_id: int, step: str, status: str = "") -> list[Any]:
        jobs = [job for job in self.hive.all(f"runs/{run_id}/jobs") if job["step"] == step]
        return [job for job in jobs if status in ("", job["status"])]

    def until(self, run_id: int, step: str, status: str) -> Any:
        found = until(
            lambda: self.jobs(run_id, step, status),
            120,
            lambda: f"no {step} {status}: {self.hive.all(f'runs/{run_id}/jobs')}",
        )
        return found[0]
