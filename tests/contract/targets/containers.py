"""A place to deploy containers to: a host as for processes, and the engine that answers here."""

from __future__ import annotations

import secrets
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from docker import DockerClient
from docker.errors import APIError

from tests.contract.targets.place import RealPlace
from tests.servers.docker import PYTHON_IMAGE, engine
from workers.deployment.targets.building import Builder
from workers.deployment.targets.compose import ComposeTarget
from workers.deployment.targets.docker import DockerTarget
from workers.deployment.targets.making import Rules
from workers.deployment.targets.port import Target
from workers.sandbox.docker.engine import Engine


class DockerPlace(RealPlace):
    """An installation of its own on the shared engine; nothing of it is left on the engine afterwards."""

    def __init__(self) -> None:
        self.pull = "missing"
        self.installation = secrets.token_hex(6)
        super().__init__("process")

    @property
    def rules(self) -> Rules:
        return Rules(self.installation, Engine(image=PYTHON_IMAGE, pull=self.pull))

    @property
    def compose(self) -> ComposeTarget:
        return ComposeTarget(self.home / "releases", self.host, self.rules)

    def another_target(self) -> Target:
        return DockerTarget(self.home / "releases", Builder(self.home / "work"), self.host, self.rules)

    @property
    def mine(self) -> dict[str, Any]:
        return {"label": f"hive.installation={self.installation}"}

    def containers(self, *, running: bool = False) -> list[str]:
        with engine() as client:
            return [
                one.name or ""
                for one in client.containers.list(all=not running, filters=self.mine, ignore_removed=True)
            ]

    def attributes(self) -> list[dict[str, Any]]:
        with engine() as client:
            return [one.attrs for one in client.containers.list(all=True, filters=self.mine)]

    def images(self) -> list[str]:
        with engine() as client:
            return [one.id or "" for one in client.images.list(filters=self.mine)]

    def networks(self) -> list[str]:
        with engine() as client:
            return [one.name or "" for one in client.networks.list(filters=self.mine)]

    def ask_inside(self, environment: str, script: str) -> str:
        """What a container says that stands in the environment's own network."""
        with engine() as client:
            network = f"hive-{self.installation}-{environment}"
            return client.containers.run(PYTHON_IMAGE, ["python3", "-c", script], network=network, remove=True).decode()

    def processes(self) -> list[int]:
        """Running containers count as processes that are left behind."""
        with engine() as client:
            found = client.containers.list(filters=self.mine)
            return super().processes() + [one.attrs["State"]["Pid"] for one in found]

    def close(self) -> None:
        try:
            super().close()
        finally:
            clear_engine(self.installation)


def clear_engine(installation: str) -> None:
    """Remove all that this installation has on the engine."""
    mine: dict[str, Any] = {"label": f"hive.installation={installation}"}
    with engine() as client:
        for container in client.containers.list(all=True, filters=mine):
            container.remove(v=True, force=True)
        for network in client.networks.list(filters=mine):
            network.remove()
        for image in client.images.list(filters=mine):
            with suppress(APIError):  # gone with another one
                client.images.remove(image.id, force=True)
        _prune_images(client, mine)
        for volume in client.volumes.list(filters=mine):
            volume.remove(force=True)


def _prune_images(client: DockerClient, mine: dict[str, Any]) -> None:
    """An engine has one prune at a time, and other tests clear it too."""
    for attempt in range(100):
        try:
            client.images.prune(filters={"dangling": True, **mine})
            return
        except APIError as error:
            if error.status_code != 409 or attempt == 99:
                raise
            time.sleep(0.2)


class Relay:
    """A socket that leads to this machine's engine, as long as it is open."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._listener: socket.socket | None = None
        self._open: list[socket.socket] = []

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self) -> None:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.path))
        listener.listen()
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def close(self) -> None:
        self.path.unlink(missing_ok=True)
        for each in [self._listener, *self._open]:
            if each is not None:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()
        self._listener, self._open = None, []

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _address = listener.accept()
                engine_side = socket.socket(socket.AF_UNIX)
                engine_side.connect("/var/run/docker.sock")
                self._open += [client, engine_side]
                for one, other in ((client, engine_side), (engine_side, client)):
                    threading.Thread(target=_copy, args=(one, other), daemon=True).start()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
