"""A private Docker engine, for tests that take it away: its own socket, folders and networks, beside the shared one.

    with dockerd() as engine:
        docker.DockerClient(base_url=engine.url)

It has the one image PYTHON_IMAGE, carried over from the engine that answers here. It runs in a network namespace of its
own: an engine takes docker0 and the rules of the firewall for its own, and would take away those of the shared one. A
cable and a route lead from here to its containers, as from an engine's machine; nothing leads out.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import docker
import pytest
from docker.errors import DockerException

from tests.servers.docker import PYTHON_IMAGE, require_engine
from tests.servers.docker import engine as shared_engine
from tests.servers.program import ServerProgram


class Dockerd(ServerProgram):
    name = "dockerd"
    silent = (DockerException,)

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._namespace = f"hvd{os.getpid()}"
        self._networks, self._net = f"10.214.{os.getpid() % 250}.0/24", f"10.215.{os.getpid() % 250}"

    @property
    def url(self) -> str:
        return f"unix://{self.folder}/docker.sock"

    def initialise(self) -> None:
        data = self.folder / "data"
        data.mkdir()
        _run("mount", "-t", "tmpfs", "-o", "size=2g", "hive-dockerd", str(data))  # thousands of files come and go
        name, ours, theirs = self._namespace, f"{self._namespace}a", f"{self._namespace}b"
        _run("ip", "netns", "add", name)
        _run("ip", "link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", name)
        _run("ip", "address", "add", f"{self._net}.1/30", "dev", ours)
        _run("ip", "link", "set", ours, "up")
        _run("ip", "-n", name, "address", "add", f"{self._net}.2/30", "dev", theirs)
        _run("ip", "-n", name, "link", "set", theirs, "up")
        _run("ip", "route", "add", self._networks, "via", f"{self._net}.2")
        # To a container, who asks is its own network's gateway: it may have no route to anybody else.
        rule = ["-t", "nat", "-A", "POSTROUTING", "-s", f"{self._net}.1", "-j", "MASQUERADE"]
        _run(*self._inside, "iptables", *rule)

    @property
    def _inside(self) -> list[str]:
        """Not `ip netns exec`, which hides the control groups."""
        return ["nsenter", f"--net=/run/netns/{self._namespace}"]

    def start(self) -> None:
        """Start it, and wait until it answers."""
        folders = ["--data-root", f"{self.folder}/data", "--exec-root", f"{self.folder}/run"]
        networks = ["--iptables=false", "--default-address-pool", f"base={self._networks},size=28"]
        dies = ["--pdeathsig", "TERM"] if threading.current_thread() is threading.main_thread() else []
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *self._inside,
                    "setpriv",
                    *dies,
                    "dockerd",
                    "-H",
                    self.url,
                    "-p",
                    f"{self.folder}/pid",
                    *folders,
                    *networks,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait_until_it_answers()

    def stop(self) -> None:
        """As its package's upgrade ends it: every container is stopped first."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL to it and its containerd. What runs in containers runs on, and is ended by the next start."""
        self._end(signal.SIGKILL)
        self._end_containerd()

    def fetch(self, image: str) -> None:
        """Take an image over from the shared engine."""
        with shared_engine() as source, self.client() as own:
            own.images.load(b"".join(source.images.get(image).save(named=True)))

    @contextmanager
    def client(self) -> Iterator[docker.DockerClient]:
        client = docker.DockerClient(base_url=self.url, timeout=60)
        try:
            yield client
        finally:
            client.close()

    def clear(self) -> None:
        """End it and what it left: its containerd, its namespace, its mounts."""
        if self._process is not None:
            with suppress(DockerException), self.client() as client:
                for container in client.containers.list(all=True):
                    container.remove(force=True)  # the engine would give each its seconds to end
        self.stop()
        self._end_containerd()
        with suppress(subprocess.CalledProcessError):
            _run("ip", "netns", "delete", self._namespace)
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for mount in sorted((each for each in mounts if each.startswith(f"{self.folder}/")), reverse=True):
            subprocess.run(["umount", "--lazy", mount], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end_containerd(self) -> None:
        """The next engine would take one that is just dying for one that runs."""
        noted = self.folder / "run" / "containerd" / "containerd.pid"
        if noted.exists():
            pid = int(noted.read_text())
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            while Path(f"/proc/{pid}").exists():
                time.sleep(0.02)
            noted.unlink()

    def _ask(self) -> None:
        with self.client() as client:
            client.ping()


@contextmanager
def dockerd() -> Iterator[Dockerd]:
    """A running engine of the test's own."""
    require_engine()
    for program, package in (("dockerd", "docker.io"), ("ip", "iproute2"), ("iptables", "iptables")):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}, for an engine of the test's own: apt-get install {package}")
    if os.geteuid() != 0:
        pytest.skip("only root may start an engine")
    server = Dockerd(Path(tempfile.mkdtemp(prefix="hive-dockerd-")))
    try:
        server.initialise()
        server.start()
        server.fetch(PYTHON_IMAGE)
        yield server
    finally:
        server.clear()


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
