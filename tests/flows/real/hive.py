"""A real Hive for the tests: started as a user starts it, spoken to as a program does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.migrated import give_records

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 120.0
# Short enough that a test sees a lease run out and a lost message found; long enough for two slow cores.
QUICK = {
    "HIVE_LEASE_S": "6",
    "HIVE_SWEEP_S": "1",
    "HIVE_REPUBLISH_S": "5",
    "HIVE_PROBE_S": "2",
    "HIVE_SANDBOX": "process",
}
ENDED = ("completed", "failed", "canceled")


class Hive:
    """Speaks to one running Hive."""

    def __init__(self, home: Path, answer: dict[str, Any]) -> None:
        self.home = home
        self.url: str = answer["url"].rstrip("/")
        self.answer = answer
        key = json.loads((home / "cli.json").read_text())["key"]
        self.client = httpx.Client(
            base_url=f"{self.url}/api/v1/", headers={"Authorization": f"Api-Key {key}"}, timeout=30, trust_env=False
        )

    def get(self, path: str, **params: Any) -> Any:
        return self._patiently(lambda: self.client.get(path, params=params))

    def post(self, path: str, body: Any = None) -> Any:
        return self._patiently(lambda: self.client.post(path, json=body or {}))

    def all(self, path: str) -> list[Any]:
        return self.get(path, page_size=100)["results"]

    def start(self, **body: Any) -> int:
        return self.post("runs", body)["id"]

    def wait(self, run_id: int, patience_s: float = PATIENCE_S) -> Any:
        """The run, once it has ended."""

        def ended() -> Any:
            run = self.get(f"runs/{run_id}")
            return run if run["status"] in ENDED else None

        return until(ended, patience_s, lambda: f"run {run_id} does not end: {self.all(f'runs/{run_id}/jobs')}")

    def pids(self) -> dict[str, int]:
        """Process ids of the children, by name."""
        state = json.loads((self.home / "run" / "up.json").read_text())
        return {name: child["pid"] for name, child in state["children"].items() if child["pid"]}

    def kill(self, child: str) -> None:
        os.kill(self.pids()[child], signal.SIGKILL)

    def _patiently(self, call: Callable[[], httpx.Response]) -> Any:
        """A server that was killed comes back; until then, nobody answers."""

        def answered() -> Any:
            try:
                response = call()
            except httpx.TransportError:
                return None
            if response.status_code >= 500:
                return None
            assert response.is_success, f"{response.status_code}: {response.text}"
            return response.json()

        return until(answered, 60, lambda: "the web server does not come back")


@contextmanager
def running(home: Path, table: str = "", **settings: str) -> Iterator[Hive]:
    """A Hive with quick leases on this home; it is stopped afterwards, and must leave nothing behind."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("HIVE_", "DJANGO_"))}
    environ |= {**QUICK, **settings, "HIVE_HOME": str(home)}
    if not environ.get("HIVE_DATABASE_URL"):
        give_records(home)
    options = ["--port", "0", "--json", *(("--table", f"tests.flows.real.tables:{table}") if table else ())]
    process = subprocess.Popen(
        [sys.executable, "-m", "hive.cli.up", *options],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=(home.parent / f"{home.name}.log").open("ab"),
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, f"hive up said nothing: {(home.parent / f'{home.name}.log').read_text()[-3000:]}"
        yield Hive(home, json.loads(line))
    finally:
        process.terminate()
        process.wait(60)


def until(look: Callable[[], Any], patience_s: float, complaint: Callable[[], str]) -> Any:
    """What `look` gives as soon as it gives something."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(complaint())
