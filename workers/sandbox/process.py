"""Kind `process`: works everywhere, isolates nothing. Own session, limits, a fresh environment, a full clean-up.

Commands see the host's files and network with the rights of their user: Hive's own, or, where Hive is root and the
way to the workspace is open to everyone, an unprivileged user made up for this sandbox.
"""

from __future__ import annotations

import functools
import os
import sys
from pathlib import Path
from types import MappingProxyType

from workers.sandbox import identity
from workers.sandbox.folders import Folders
from workers.sandbox.identity import User
from workers.sandbox.port import Limits, Programs, SandboxError
from workers.sandbox.setup import LocalKind, Setup
from workers.sandbox.starting import INSIDE, command_of

_NONE: Programs = MappingProxyType({})


def arrange(folders: Folders, _limits: Limits, user: User | None, programs: Programs = _NONE) -> Setup:
    places = (folders.workspace, folders.home, folders.tmp)
    return Setup(
        argv=command_of("keeper", os.fspath(INSIDE.parent)),
        workspace=os.fspath(folders.workspace),
        home=os.fspath(folders.home),
        tmp=os.fspath(folders.tmp),
        path=":".join([_path(user is not None), *_programs(folders, user, programs)]),
        plain=True,
        own_pids=False,
        own_loopback=False,
        counts_alone=False,
        on_disk=[os.fspath(place) for place in places],
    )


def _programs(folders: Folders, user: User | None, programs: Programs) -> list[str]:
    """A folder of links to them, if there are any."""
    if not programs:
        return []
    place = folders.root / "programs"
    place.mkdir(mode=0o755)
    for name, file in programs.items():
        if user and not identity.may_enter(file):
            raise SandboxError(f"{file} lies in a folder that only its owner can enter: move it.", permanent=True)
        (place / name).symlink_to(file.resolve())
    return [os.fspath(place)]


@functools.cache
def _path(steps_down: bool) -> str:
    """Hive's Python first, where the commands' user can come to it."""
    system = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
    own = Path(os.path.realpath(sys.base_prefix)) / "bin"
    if own.is_relative_to("/usr") or (steps_down and not identity.may_enter(own / "python3")):
        return system
    return f"{own}:{system}"


def _user(scratch: Path) -> User | None:
    """Root steps down only where the unprivileged can work: they must reach the workspace and find a python3."""
    user = identity.choose()
    return user if identity.may_enter(scratch / "x") and _finds_python() else None


@functools.cache
def _finds_python() -> bool:
    return identity.may_run_python(_path(steps_down=True))


def _warning(user: User | None) -> str:
    text = (
        "The sandbox kind 'process' does not isolate: commands can read what {who} can read, and use the network."
        " Install bubblewrap for isolation."
    )
    if user:
        return text.format(who="an unprivileged user")
    if os.geteuid() == 0:
        return text.format(who="root (Hive runs as root, in a folder that only root can enter)")
    return text.format(who="the user who runs Hive")


KIND = LocalKind(
    name="process",
    isolates=False,
    hint=lambda complaint: complaint,
    user=_user,
    warning=_warning,
    arrange=arrange,
)
