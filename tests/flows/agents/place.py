"""A place where agents work: Valkey, a web server, and agents as processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from apps.fleet.order import Command, Order
from tests.flows.web.server import ROOT, Site, until

PROGRAM = "import sys; from hive.cli.main import main; sys.exit(main(['agent', 'run']))"
NOTHING: Mapping[str, str] = MappingProxyType({})
ENDED = ("completed", "failed", "canceled")


class Place(Site):
    """A web server, and the agents that a test starts."""

    token = ""

    def stage_command(self, verb: str, *args: object) -> list[str]:
        return [sys.executable, "-W", "ignore", "-m", "tests.flows.agents.stage", verb, *map(str, args)]

    def agent(
        self, name: str, *, prefix: Sequence[str] = (), environ: Mapping[str, str] = NOTHING, **told: str
    ) -> subprocess.Popen[bytes]:
        """`hive agent run` in an environment without anything of Django's."""
        said = {"server": self.url, "token": self.token, "name": name, "home": str(self.home.root / name)}
        said = {**said, "sandbox": "process", "min_free_mb": "1", **told}
        keep = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
        environ = {**keep, **environ, **{f"HIVE_AGENT_{key.upper()}": value for key, value in said.items()}}
        with (self.home.root / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [*prefix, sys.executable, "-c", PROGRAM], env=environ, cwd=ROOT, stdout=log, stderr=log
            )
        self.processes[name] = process
        return process

    def job(self, *lines: str, **more: Any) -> int:
        return int(self.stage("job", json.dumps(Order(tuple(Command(line) for line in lines), **more).as_json())))

    def log_has(self, pk: int, text: str) -> Callable[[], bool]:
        return lambda: text in self.stage("look", pk)["log"]

    def ended(self, pk: int) -> dict[str, Any]:
        found: dict[str, Any] = {}

        def look() -> bool:
            found.update(self.stage("look", pk))
            return found["status"] in ENDED

        until(look, f"job {pk} does not end; the agents' logs are in {self.home.root}", 120)
        return found

    def said(self, name: str) -> str:
        """By this agent, so far."""
        return (self.home.root / f"{name}.log").read_text()


@contextmanager
def open_place(root: Path, **settings: str) -> Iterator[Place]:
    """With leases of five seconds, where nothing else is said. What ran has ended afterwards, also what was stopped."""
    told = {"HIVE_LEASE_S": "5", "DJANGO_SETTINGS_MODULE": "tests.flows.agents.settings", **settings}
    site = Place(root, **told)
    try:
        site.start_valkey()
        site.token = site.stage("prepare")
        site.start_web()
        yield site
    finally:
        for process in site.processes.values():
            process.send_signal(signal.SIGCONT)
        site.stop()
