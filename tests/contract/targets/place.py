"""A place to deploy to: the fake, or a real host with real sandboxes in a home of its own."""

from __future__ import annotations

import io
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from tests.archives import tar_of
from workers.deployment.host.client import HostClient
from workers.deployment.targets.building import Builder
from workers.deployment.targets.fake import FakeTarget
from workers.deployment.targets.port import Shown, Target
from workers.deployment.targets.process import ProcessTarget
from workers.deployment.targets.recipe import Recipe
from workers.sandbox import kinds

SERVICE = """
import os, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        if self.path == "/die":
            print("dying as asked", flush=True)
            os._exit(3)
        if self.path == "/slow":
            print("thinking", flush=True)
            time.sleep(1)
        body = os.environ.get("GREETING", "hello").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

print("listening on", os.environ["PORT"], flush=True)
ThreadingHTTPServer((os.environ.get("BIND", "127.0.0.1"), int(os.environ["PORT"])), Service).serve_forever()
"""


def why_not(kind: str) -> str:
    """Why this kind of sandbox cannot be used here; empty where it can."""
    return next(("" if report.usable else report.why for report in kinds() if report.kind == kind), "")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def checkout(files: dict[str, str]) -> io.BytesIO:
    """A commit's files, as `git archive` gives them."""
    return io.BytesIO(tar_of({name: text.encode() for name, text in files.items()}, mode=0o755))


def wait_for(holds: Callable[[], object], within_s: float = 60) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, f"still not so after {within_s} s"
        time.sleep(0.02)


def get(url: str) -> tuple[int, str]:
    with httpx.Client(trust_env=False, timeout=20) as client:
        answer = client.get(url)
        return answer.status_code, answer.text


class Place:
    """What a test deploys to. Release ids are new in each test, so that their processes can be told apart."""

    target: Target

    def __init__(self, sandbox: str = "") -> None:
        self.sandbox = sandbox
        self.port = free_port()
        self.mark = f"t{secrets.token_hex(4)}"

    def id(self, name: str) -> str:
        return f"{self.mark}-{name}"

    def recipe(self, **values: Any) -> Recipe:
        return Recipe(**{"environment": "blog/devsite", "port": self.port, "sandbox": self.sandbox} | values)

    def site(self, name: str, text: str = "", **values: Any) -> str:
        """A built release that serves one page."""
        files, recipe = checkout({"site/index.html": text or name}), self.recipe(**({"directory": "site"} | values))
        build = self.target.build(self.id(name), files, recipe)
        assert build.ok, build.message
        return self.id(name)

    def service(self, name: str, **values: Any) -> str:
        """A built release that runs SERVICE."""
        recipe = self.recipe(**({"command": ("python3", "service.py")} | values))
        build = self.target.build(self.id(name), checkout({"service.py": SERVICE}), recipe)
        assert build.ok, build.message
        return self.id(name)

    def show(self, release: str, generation: int) -> Shown:
        """Start, check and switch, as a deployment does."""
        self.target.start(release)
        health = self.target.healthy(release, within_s=30)
        assert health.ok, health.message
        return self.target.switch(release, generation)

    def close(self) -> None: ...


class FakePlace(Place):
    def __init__(self) -> None:
        super().__init__()
        self.target = self.fake = FakeTarget()

    def kill(self, release: str) -> None:
        self.fake.die(release, 3)


class RealPlace(Place):
    """A home that everybody may enter, so that root can step down; with a short path, for unix sockets."""

    def __init__(self, sandbox: str) -> None:
        super().__init__(sandbox)
        self.home = Path(tempfile.mkdtemp(prefix="hive-"))
        self.home.chmod(0o755)
        self.host = HostClient(self.home / "run" / "host.sock", patience_s=60)
        self.target = self.another_target()
        self.process: subprocess.Popen[bytes] | None = None
        self.start_host()

    def another_target(self) -> Target:
        """As another worker would make it."""
        return ProcessTarget(self.home / "releases", Builder(self.home / "work"), self.host)

    def start_host(self, **environment: str) -> None:
        argv = [sys.executable, "-m", "workers.deployment.host", "--home", str(self.home)]
        with (self.home / "host.log").open("ab") as log:
            self.process = subprocess.Popen(argv, stderr=log, env={**os.environ, **environment})
        self.host.list()

    def end_host(self, number: int = signal.SIGTERM) -> int:
        assert self.process
        self.process.send_signal(number)
        return self.process.wait(30)

    def kill(self, release: str) -> None:
        """Make a release that runs SERVICE die by itself."""
        standing = self.target.look(release)
        assert standing.address
        uds = standing.address[1] if standing.address[0] == "unix" else None
        port = 80 if standing.address[0] == "unix" else standing.address[2]
        with httpx.Client(transport=httpx.HTTPTransport(uds=uds)) as client:
            try:
                client.get(f"http://127.0.0.1:{port}/die")
            except httpx.HTTPError:
                return  # no answer is the answer

    def processes(self) -> list[int]:
        """Everything on this machine that belongs to a release of this test."""
        mark = f"HIVE_SANDBOX={self.mark}".encode()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (folder / "environ").read_bytes():
                    found.append(int(folder.name))
            except OSError:
                continue  # gone, or somebody else's
        return found

    def close(self) -> None:
        try:
            if self.process and self.process.poll() is None:
                assert self.end_host() == 0
            assert self.processes() == []
        finally:
            if self.process and self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            shutil.rmtree(self.home)
