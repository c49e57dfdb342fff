"""Starts a real `hive up` with a small table, and looks at it from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hive.cli import processes

REPOSITORY = Path(__file__).resolve().parents[3]
PATIENCE_S = 40.0
MARK = "UP_TEST"


def eventually(condition: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
    """What the condition gives once that is true; fails with `what` when it never is."""
    deadline = time.monotonic() + patience_s
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"after {patience_s:.0f} s still not: {what}")
        time.sleep(0.02)


@dataclass
class Installed:
    """One home, and everything that a test starts on it: known by a mark in the environment."""

    home: Path
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)
    started: list[subprocess.Popen[str]] = field(default_factory=list)
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("HIVE_")}
        return {**clean, "HIVE_HOME": str(self.home), "PYTHONPATH": str(REPOSITORY), MARK: self.mark, **self.extra}

    def up(self, table: str, *options: str, before: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        """`hive up` in a session of its own, so that a signal to its group reaches nobody else."""
        argv = [*before, sys.executable, "-P", "-m", "hive.cli.up", "--table", f"tests.flows.up.tables:{table}"]
        port = [] if "--port" in options else ["--port", "0"]
        process = subprocess.Popen(
            [*argv, *port, *options],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def ready(self, table: str, *options: str) -> subprocess.Popen[str]:
        process = self.up(table, *options)
        found = {"state": "ready", "pid": process.pid}  # not what an earlier one, killed, has left
        eventually(lambda: found.items() <= self.state.items() or process.poll() is not None, f"{table} is ready")
        assert process.poll() is None, process.communicate()
        return process

    def refused(self, table: str = "usual", *options: str, before: tuple[str, ...] = ()) -> str:
        """What `hive up` says on standard error when it will not start; it starts nothing and exits with 2."""
        process = self.up(table, *options, before=before)
        output, complaint = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, output) == (2, ""), complaint
        assert "Traceback" not in complaint
        assert complaint.count("\n") == 1
        return complaint

    def hive(self, *arguments: str, first: str = "") -> subprocess.CompletedProcess[str]:
        """Another verb, run to its end; `first` is Python that is run before."""
        argv = [sys.executable, "-P", "-c", f"{first}\nfrom hive.cli.main import run; run()", *arguments]
        return subprocess.run(argv, env=self.environment, capture_output=True, text=True, timeout=PATIENCE_S)

    @property
    def state(self) -> dict[str, Any]:
        try:
            return json.loads((self.home / "run" / "up.json").read_text())
        except OSError:
            return {}

    def child(self, name: str) -> dict[str, Any]:
        return self.state.get("children", {}).get(name, {})

    def log(self, name: str = "up") -> str:
        try:
            return (self.home / "logs" / f"{name}.log").read_text()
        except FileNotFoundError:  # not begun yet, or being renamed right now
            return ""

    def left(self) -> list[str]:
        """Every living process of this test; those that shed their environment are found by their parents."""
        marked = set(processes.marked(lambda environment: environment.get(MARK) == self.mark)) - {os.getpid()}
        below = {each.pid for pid in marked for each in processes.descendants(pid) if each.alive}
        return [f"{pid} {processes.words(pid)}" for pid in marked | below]

    def sleepers(self, seconds: str) -> set[int]:
        """Ids of this Hive's `sleep` processes with this argument: below its supervisor, or with the test's mark."""
        below = {each.pid for each in processes.descendants(self.state.get("supervisor", 0))}
        named = [
            each.pid for each in processes.everyone() if each.alive and processes.words(each.pid) == f"sleep {seconds}"
        ]
        return {pid for pid in named if pid in below or processes.environment(pid).get(MARK) == self.mark}

    def clean_up(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.communicate()
        for pid in processes.marked(lambda environment: environment.get(MARK) == self.mark):
            os.kill(pid, signal.SIGKILL)


def stopped(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> tuple[int, str, str]:
    """Signal it and wait: exit code, output, complaints."""
    process.send_signal(number)
    output, complaints = process.communicate(timeout=PATIENCE_S)
    return process.returncode, output, complaints
