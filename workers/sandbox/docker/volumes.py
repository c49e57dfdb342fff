"""Removing a volume, also one that the engine cannot remove.

The engine holds one descriptor open per level of folders, so a job that nests some ten thousand of them would leave
a volume behind for good. Then a helper of the installation's own image takes it apart from within: it moves every
folder up to the top before it looks into it, so that none is deep.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.sandbox.docker.engine import Engine, telling
from workers.sandbox.port import SandboxError

if TYPE_CHECKING:
    from docker import APIClient

_PATIENCE_S = 120
_PROGRAM = r"""
import itertools, os
os.chdir("/volume")
numbers = itertools.count()
folders = []


def take(name, where):
    try:
        os.unlink(name, dir_fd=where)
    except IsADirectoryError:
        fresh = f".hive-{os.getpid()}-{next(numbers)}"
        os.rename(name, fresh, src_dir_fd=where)
        folders.append(fresh)


top = os.open(".", os.O_RDONLY)
for name in os.listdir(top):
    take(name, top)
while folders:
    folder = folders.pop()
    where = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    for name in os.listdir(where):
        take(name, where)
    os.close(where)
    os.rmdir(folder)
"""


def remove_volume(client: APIClient, engine: Engine, name: str, labels: dict[str, str]) -> None:
    """Raises SandboxError. One that is not there is fine."""
    from docker.errors import APIError, NotFound

    with telling(f"volume {name} cannot be removed"):
        try:
            client.remove_volume(name, force=True)
        except NotFound:
            return
        except APIError as error:
            if error.status_code != 500:  # somebody uses it
                raise
            _empty(client, engine, name, labels)
            client.remove_volume(name, force=True)


def _empty(client: APIClient, engine: Engine, name: str, labels: dict[str, str]) -> None:
    config = client.create_host_config(
        network_mode="none",
        binds={name: {"bind": "/volume", "mode": "rw"}},
        read_only=True,
        cap_drop=["ALL"],
        cap_add=["DAC_OVERRIDE", "FOWNER"],  # into folders that the job closed, out of those that it marked sticky
        security_opt=["no-new-privileges"],
        pids_limit=16,
        mem_limit="512m",
    )
    helper = client.create_container(
        engine.image,
        ["-I", "-c", _PROGRAM],
        entrypoint=["python3"],
        user="0:0",
        labels=labels,
        host_config=config,
    )["Id"]
    try:
        client.start(helper)
        if client.wait(helper, timeout=_PATIENCE_S)["StatusCode"]:
            said = client.logs(helper, tail=3).decode(errors="replace").strip()
            raise SandboxError(f"volume {name} cannot be emptied: {said}")
    finally:
        client.remove_container(helper, force=True)
