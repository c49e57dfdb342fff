"""Programs of this machine for containers: once per engine in a volume, which containers mount for reading only.

A volume is named by what is in it and whose it is, so it never changes: another version is another volume. Whoever
needs one fills it if nobody has: into a folder of his own, where a helper of the installation's own image checks it
and links it into place. Two may do that at once, and one that dies half-way is nobody's trouble.
"""

from __future__ import annotations

import functools
import hashlib
import os
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from workers.sandbox.docker import images
from workers.sandbox.docker.engine import Engine, connect, telling
from workers.sandbox.docker.marks import PROGRAMS, marks
from workers.sandbox.port import Programs, SandboxError

if TYPE_CHECKING:
    from docker import APIClient

PLACE = "/opt/hive-programs"
_READY = f"{PLACE}/.ready"
_PATIENCE_S = 600  # 200 MB to an engine at the other end of a slow line
_CHUNK_BYTES = 1024 * 1024
_PUBLISH = r"""
import hashlib, os, shutil, sys, time
folder, *pairs = sys.argv[1:]
os.chdir("/opt/hive-programs")
for name, expected in zip(pairs[::2], pairs[1::2]):
    found = hashlib.sha256()
    with open(f"{folder}/{name}", "rb") as file:
        while data := file.read(1 << 20):
            found.update(data)
    if found.hexdigest() != expected:
        sys.exit(f"{name} arrived damaged")
    try:
        os.link(f"{folder}/{name}", name)
    except FileExistsError:
        pass
open(".ready", "w").close()
shutil.rmtree(folder)
for each in os.scandir():
    if each.is_dir() and each.stat().st_mtime < time.time() - 3600:
        shutil.rmtree(each.name, ignore_errors=True)
"""


def volume_for(client: APIClient, engine: Engine, programs: Programs) -> str:
    """Its name; it is there, and perhaps empty."""
    name = f"hive-programs-{_digest(engine, programs)[:32]}"
    client.create_volume(name, labels=_labels(engine))
    return name


def fill(client: APIClient, engine: Engine, programs: Programs, volume: str, container: str) -> None:
    """See to it that the programs are in the volume. `container` has it mounted, so that it cannot go meanwhile.

    Raises ImageMissing, SandboxError.
    """
    if _is_ready(client, container):
        return
    image = images.obtain(client, engine, engine.image).name
    patient = connect(_PATIENCE_S)
    try:
        with telling("The programs cannot be put into a volume"):
            _fill(patient, engine, image, programs, volume)
    finally:
        patient.close()


def _is_ready(client: APIClient, container: str) -> bool:
    from docker.errors import NotFound

    with telling("The programs cannot be looked at"):
        try:
            chunks, _ = client.get_archive(container, _READY)
        except NotFound:
            return False
        for _ in chunks:
            pass
        return True


def _fill(client: APIClient, engine: Engine, image: str, programs: Programs, volume: str) -> None:
    folder = f"upload-{os.urandom(8).hex()}"
    pairs = [word for name, file in programs.items() for word in (name, _sha256(file))]
    helper = client.create_container(
        image,
        ["-I", "-c", _PUBLISH, folder, *pairs],
        entrypoint=["python3"],
        user="0:0",
        labels=_labels(engine),
        host_config=client.create_host_config(
            network_mode="none",
            binds={volume: {"bind": PLACE, "mode": "rw,nocopy"}},
            read_only=True,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            pids_limit=16,
            mem_limit="128m",
        ),
    )["Id"]
    try:
        client.put_archive(helper, PLACE, _tar(folder, programs))
        client.start(helper)
        if client.wait(helper, timeout=_PATIENCE_S)["StatusCode"]:
            said = client.logs(helper, tail=3).decode(errors="replace").strip()
            raise SandboxError(f"The programs cannot be put into the volume {volume}: {said}")
    finally:
        client.remove_container(helper, force=True)


def _labels(engine: Engine) -> dict[str, str]:
    return {**marks(engine.installation, "programs"), PROGRAMS: "1"}


def _tar(folder: str, programs: Programs) -> Iterator[bytes]:
    """Read while it is sent: a program is too large to be held."""
    top = tarfile.TarInfo(folder)
    top.type, top.mode, top.mtime = tarfile.DIRTYPE, 0o755, int(time.time())
    yield top.tobuf()
    for name, path in programs.items():
        with path.open("rb") as file:
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.mode, member.size = 0o555, os.fstat(file.fileno()).st_size
            yield member.tobuf()
            while data := file.read(_CHUNK_BYTES):
                yield data
            yield bytes(-member.size % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _digest(engine: Engine, programs: Programs) -> str:
    parts = [engine.installation, *(f"{name} {_sha256(file)}" for name, file in sorted(programs.items()))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _sha256(file: Path) -> str:
    """Raises SandboxError where it cannot be read."""
    try:
        seen = file.stat()
        return _sha256_of(file, (seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns))
    except OSError as error:
        raise SandboxError(f"{file} cannot be read: {error.strerror}.", permanent=True) from error


@functools.lru_cache(maxsize=16)
def _sha256_of(file: Path, _seen: tuple[int, ...]) -> str:
    """Once for as long as it is the same file."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
