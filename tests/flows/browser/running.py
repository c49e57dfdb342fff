"""The site as a test holds it: started, told what happens, killed, started again."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.migrated import give_records

START_S = 60


class Site:
    """One process of tests.flows.browser.site on its own home and port."""

    def __init__(self, home: Path, root: Path) -> None:
        self.home = home
        self.root = root
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        give_records(home)
        self.start()

    def start(self) -> None:
        """Begin on the same home and port as before; returns once it answers."""
        settings = {
            "HIVE_HOME": str(self.home),
            "HIVE_BROKER_URL": "memory://",
            "DJANGO_SETTINGS_MODULE": "hive.settings",
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("HIVE_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.flows.browser.site", str(self.port)],
            cwd=self.root,
            env={**inherited, **settings},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(self.home / "site.log").open("a"),
            text=True,
        )
        self.do("ready")
        self._until_it_answers()

    def _until_it_answers(self) -> None:
        deadline = time.monotonic() + START_S
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/sign-in/", timeout=5)
                return
            except (urllib.error.URLError, OSError):
                assert time.monotonic() < deadline, f"the site did not answer; see {self.home}/site.log"
                time.sleep(0.1)

    def do(self, verb: str, **values: Any) -> Any:
        """A verb of tests.flows.browser.stage.Stage, done in the process that serves the pages."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": verb, **values}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"the site is gone; see {self.home}/site.log:\n{(self.home / 'site.log').read_text()[-3000:]}"
        answer = json.loads(line)
        assert "error" not in answer, answer.get("error")
        return answer["ok"]

    def kill(self) -> None:
        """SIGKILL: no goodbye to any browser."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        if self.process.poll() is None and self.process.stdin is not None:
            self.process.stdin.close()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()
