"""Starts, kills and starts again: Valkey, and the web server on a port that stays the same."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from hive.cli import valkey
from hive.home import Home
from tests.migrated import give_records

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 60.0


class Site:
    """One installation. Whatever it started has ended when stop() returns."""

    def __init__(self, root: Path, **settings: str) -> None:
        self.home = Home(root)
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith(("HIVE_", "DJANGO_"))}
        self.environ |= {"HIVE_HOME": str(root), "DJANGO_SETTINGS_MODULE": "hive.settings", "HIVE_LEASE_S": "600"}
        self.environ |= settings
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        for folder in (self.home.run, self.home.valkey):
            folder.mkdir(parents=True)
        give_records(root)

    def start_valkey(self) -> None:
        path = self.home.socket("valkey")
        self._start("valkey", *valkey.command(valkey.binary(), self.home.valkey, path))
        until(lambda: _answers(path), "Valkey does not answer")

    def start_web(self) -> None:
        options = ("--lifespan", "off", "--no-access-log", "--log-level", "warning", "--timeout-graceful-shutdown", "1")
        self._start("web", *PYTHON, "uvicorn", "hive.asgi:application", "--port", str(self.port), *options)
        until(self._is_ready, "the web server does not get ready")

    def stage(self, verb: str, *args: object) -> Any:
        """Have a process of its own do this (see stage.py), and give its answer."""
        done = subprocess.run(
            [*self.stage_command(verb, *args)], env=self.environ, cwd=ROOT, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()[-3000:]
        return json.loads(done.stdout.splitlines()[-1])

    def begin(self, verb: str, *args: object) -> subprocess.Popen[bytes]:
        """The same, and do not wait for it."""
        return self._start(f"{verb} {args}", *self.stage_command(verb, *args))

    def stage_command(self, verb: str, *args: object) -> list[str]:
        return [*PYTHON, "tests.flows.web.stage", verb, *map(str, args)]

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        process.kill()
        process.wait(10)

    def memory_bytes(self) -> int:
        """What the web server holds in memory."""
        status = Path(f"/proc/{self.processes['web'].pid}/status").read_text()
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS"))

    def stop(self) -> None:
        for process in reversed(self.processes.values()):
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)

    def _start(self, name: str, *argv: str) -> subprocess.Popen[bytes]:
        with (self.home.root / f"{name.split()[0]}.log").open("ab") as log:
            process = subprocess.Popen(argv, env=self.environ, cwd=ROOT, stdout=log, stderr=log)
        self.processes[name] = process
        return process

    def _is_ready(self) -> bool:
        assert self.processes["web"].poll() is None, (self.home.root / "web.log").read_text()[-3000:]
        try:
            return httpx.get(f"{self.url}/healthz", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False


PYTHON = (sys.executable, "-W", "ignore", "-m")


@contextmanager
def running(root: Path, **settings: str) -> Iterator[Site]:
    site = Site(root, **settings)
    try:
        site.start_valkey()
        site.stage("prepare")
        site.start_web()
        yield site
    finally:
        site.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(look: Callable[[], Any], complaint: str, patience_s: float = PATIENCE_S) -> Any:
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError(complaint)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
        except OSError:
            return False
        client.sendall(b"PING\r\n")
        return client.recv(16).startswith(b"+PONG")
