"""A whole host in a thread of the test: real ports, real socket, real host.json, releases from the fake launcher."""

from __future__ import annotations

import asyncio
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from workers.deployment.host.client import HostClient
from workers.deployment.host.daemon import Daemon, Places
from workers.deployment.host.fake import FakeLauncher
from workers.deployment.host.plan import Plan


class Hosting:
    """start() and end() as often as a test likes: the folder stays, as it does when a host dies and comes back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.launcher = FakeLauncher()
        self.places = Places(folder / "host.json", folder / "host.sock")
        self.client = HostClient(self.places.socket, patience_s=10)
        self._thread: threading.Thread | None = None

    def start(self) -> HostClient:
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._thread.start()
        assert self._ready.wait(10)
        self.client.list()
        return self.client

    def end(self) -> None:
        if self._thread:
            self._loop.call_soon_threadsafe(self._ending.set)
            self._thread.join(20)
            assert not self._thread.is_alive()
            self._thread = None

    async def _run(self) -> None:
        self._loop, self._ending = asyncio.get_running_loop(), asyncio.Event()
        daemon = Daemon(self.places, self.launcher)
        self._ready.set()
        await daemon.run(self._ending)

    def plan(self, release: str, *argv: str) -> Plan:
        return Plan(release, str(self.folder / "files.tar"), argv or ("serve",), str(self.folder / f"{release}.log"))

    def live(self, release: str, environment: str = "devsite", generation: int = 1) -> str:
        """Start a release and show it; its address."""
        self.client.start(self.plan(release))
        return self.client.route(environment, release, generation).url


def get(url: str, timeout_s: float = 10) -> tuple[int, str]:
    """Status and body, whatever the status is."""
    try:
        with urllib.request.urlopen(url, timeout=timeout_s) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def wait_for(holds: Callable[[], object], within_s: float = 30) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, f"still not so after {within_s} s"
        time.sleep(0.01)
