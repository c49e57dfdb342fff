"""The composed Hive as an operator runs it: built, started and asked through Docker and docker-compose only.

Under a project name of its own, on ports of its own. The image stays, as `hive:test`: the next build takes its layers.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docker

ROOT = Path(__file__).resolve().parents[3]
FILES = (ROOT / "docker-compose.yml", Path(__file__).with_name("override.yml"))
IMAGE = "hive:test"
BUILD_S, UP_S, RUN_S, DOWN_S = 900, 300, 240, 180  # of a machine that others use too


class Stack:
    """One composed Hive. `project` is the name that Docker knows it by."""

    def __init__(self, client: docker.DockerClient) -> None:
        self.client = client
        self.project = f"hivetest{secrets.token_hex(4)}"
        self.url, self.flower = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        self.key = ""

    def compose(self, *words: str, timeout_s: float = UP_S) -> str:
        """What one command of compose printed. It is called in the repository's folder, as the page says."""
        return run([*self.command, *words], self.environment(), timeout_s)

    @property
    def command(self) -> list[str]:
        files = [word for file in FILES for word in ("-f", str(file))]
        return [*compose_command(), "-p", self.project, *files]

    def environment(self) -> dict[str, str]:
        packages = Path(docker.__file__).parent.parent
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("HIVE_")},
            "HIVE_VERSION": "test",
            "HIVE_PUBLISH": self.url.removeprefix("http://"),
            "HIVE_PUBLISH_FLOWER": self.flower.removeprefix("http://"),
            "HIVE_TEST_PACKAGES": str(packages),
        }

    def wait(self) -> None:
        """Until the web server says that every part is there."""
        until(lambda: _answers(self), 240, lambda: self.compose("logs", "--tail", "20"))

    def hive(self, *words: str) -> str:
        """The `hive` command on this machine, speaking to the composed Hive with a key."""
        environ = {**os.environ, "HIVE_URL": self.url, "HIVE_API_KEY": self.key}
        try:
            return run([sys.executable, "-c", "from hive.cli.main import run; run()", *words], environ, RUN_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{words} does not end: {self.compose('logs', '--tail', '15')}") from None

    def inside(self, service: str, *words: str) -> str:
        """What a command prints in the service's first container."""
        return self.compose("exec", "-T", service, *words, timeout_s=60)

    def containers(self, service: str = "", everyone: bool = False) -> list[Any]:
        """Running containers, or with `everyone` those that have ended too."""
        labels = [f"com.docker.compose.project={self.project}"]
        if service:
            labels.append(f"com.docker.compose.service={service}")
        return self.client.containers.list(all=everyone, filters={"label": labels})

    def address(self, service: str) -> str:
        """Where this machine reaches the service without a published port."""
        networks = self.containers(service)[0].attrs["NetworkSettings"]["Networks"]
        return str(networks[f"{self.project}_outside"]["IPAddress"])

    def left(self) -> list[str]:
        """What of this stack the engine still has."""
        filters = {"label": f"com.docker.compose.project={self.project}"}
        found = [*self.client.networks.list(filters=filters), *self.client.volumes.list(filters=filters)]
        return [each.name for each in [*self.containers(everyone=True), *found]]


@contextmanager
def composed(client: docker.DockerClient) -> Iterator[Stack]:
    """Built and started, with a key made; nothing of it is left afterwards but the image."""
    stack = Stack(client)
    stack.compose("build", timeout_s=BUILD_S)
    try:
        stack.compose("up", "-d")
        stack.wait()
        stack.key = json.loads(stack.inside("web", "hive", "token", "create", "--json"))["key"]
        yield stack
    finally:
        stack.compose("down", "--volumes", "--remove-orphans", "--timeout", "5", timeout_s=DOWN_S)


def _answers(stack: Stack) -> bool:
    with contextlib.suppress(OSError, urllib.error.URLError), urllib.request.urlopen(f"{stack.url}/readyz", timeout=5):
        return True
    return False


def compose_command() -> list[str]:
    """`docker compose` where the plugin is there, else Debian's docker-compose."""
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    return ["docker", "compose"] if plugin.returncode == 0 else [shutil.which("docker-compose") or "docker-compose"]


def run(command: list[str], environ: dict[str, str], timeout_s: float) -> str:
    done = subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=timeout_s, check=False
    )
    said = f"{' '.join(command[-6:])} ended with {done.returncode}: {done.stdout[-2000:]} {done.stderr[-4000:]}"
    assert done.returncode == 0, said
    return done.stdout


def until(look: Callable[[], Any], patience_s: float, complaint: Callable[[], str]) -> Any:
    """What `look` gives as soon as it gives something."""
    deadline = time.monotonic() + patience_s
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(complaint())
        time.sleep(0.5)
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
