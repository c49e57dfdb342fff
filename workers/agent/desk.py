"""JobDesk: where a job's output and files go on an agent. See runner.Desk."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import httpx

from apps.fleet.order import Cache, Package
from workers.agent.caches import CacheFolder
from workers.agent.outgoing import Outgoing
from workers.agent.room import full
from workers.agent.server import Server, patiently
from workers.sandbox.chunks import as_file
from workers.sandbox.port import SandboxError

AT_ONCE = 100
PIECE_BYTES = 256 * 1024


@dataclass(frozen=True)
class _Kept:
    name: str
    kind: str
    path: Path
    size_bytes: int
    sha256: str


class JobDesk:
    """Files lie in the job's folder until `upload()` brings them to the store."""

    def __init__(self, server: Server, job_id: int, lease: str, folder: Path, caches: CacheFolder) -> None:
        self._server = server
        self._job_id = job_id
        self._lease = lease
        self._folder = folder
        self._caches = caches
        self._files: list[_Kept] = []
        self._lock = threading.Lock()
        self._stop: str | None = None
        self._on_stop: list[Callable[[str], None]] = []
        self.outgoing: Outgoing | None = None

    def output(self, data: bytes) -> None:
        if self.outgoing is not None:
            self.outgoing.write(data)

    def package(self, package: Package) -> BinaryIO:
        return as_file(self._download(package.source))

    def _download(self, url: str) -> Iterator[bytes]:
        try:
            with self._server.stream(url) as answer:
                if answer.status_code != 200:
                    raise SandboxError(f"The package could not be fetched: the store answered {answer.status_code}.")
                yield from answer.iter_bytes(PIECE_BYTES)
        except httpx.HTTPError as error:
            raise SandboxError(f"The package could not be fetched: {type(error).__name__} {error}.") from None

    def keep(self, name: str, kind: str, content: BinaryIO, size_bytes: int) -> None:
        path = self._folder / f"file-{len(self._files)}"
        digest = hashlib.sha256()
        with path.open("xb") as file:
            while piece := content.read(PIECE_BYTES):
                digest.update(piece)
                file.write(piece)
        self._files.append(_Kept(name, kind, path, size_bytes, digest.hexdigest()))

    def restore(self, cache: Cache) -> BinaryIO | None:
        return self._caches.get(cache.key)

    def store(self, cache: Cache, tar: Iterator[bytes]) -> None:
        self._caches.put(cache.key, tar)

    def trouble(self) -> str:
        return full(self._folder)

    def on_stop(self, call: Callable[[str], None]) -> None:
        with self._lock:
            self._on_stop.append(call)
            already = self._stop
        if already is not None:
            call(already)

    def stop(self, why: str) -> None:
        """End the job; the first reason stands."""
        with self._lock:
            if self._stop is not None:
                return
            self._stop = why
            calls = list(self._on_stop)
        for call in calls:
            call(why)

    @property
    def stopped(self) -> str | None:
        return self._stop

    def upload(self, give_up: Callable[[], bool]) -> None:
        """Announce, upload and finish, as often as it takes. Raises ServerError for what will not be taken."""
        for first in range(0, len(self._files), AT_ONCE):
            batch = {file.name: file for file in self._files[first : first + AT_ONCE]}
            patiently(lambda: self._upload(batch), give_up)  # noqa: B023 - called at once

    def _upload(self, batch: dict[str, _Kept]) -> None:
        files = [
            {"name": one.name, "kind": one.kind, "size_bytes": one.size_bytes, "sha256": one.sha256}
            for one in batch.values()
        ]
        path = f"/jobs/{self._job_id}/artifacts"
        announced = {"lease": self._lease, "files": files, "in_parts": True}
        told = self._server.call("POST", path, json=announced).json()["uploads"]
        self._send(batch, told)
        while any(one.get("parts") for one in told):  # not all parts of large files are told at once
            told = self._server.call("POST", path, json=announced).json()["uploads"]
            self._send(batch, [{**one, "url": None} for one in told])
        ids = [one["id"] for one in told]
        self._server.call("POST", path, json={"lease": self._lease, "finish": ids}, timeout=600.0)

    def _send(self, batch: dict[str, _Kept], told: list[dict[str, Any]]) -> None:
        for one in told:
            file = batch[one["name"]]
            whole = [{"url": one["url"], "first": 0, "size_bytes": file.size_bytes}] if one["url"] else []
            for part in one.get("parts") or whole:
                self._server.put(
                    part["url"], _piece_of(file.path, part["first"], part["size_bytes"]), part["size_bytes"]
                )


def _piece_of(path: Path, first: int, size_bytes: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(first)
        while size_bytes and (piece := file.read(min(size_bytes, PIECE_BYTES))):
            size_bytes -= len(piece)
            yield piece
