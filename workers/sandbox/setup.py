"""What makes a kind of local sandbox."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from workers.sandbox.folders import Folders
from workers.sandbox.identity import User
from workers.sandbox.port import Limits, Programs


@dataclass(frozen=True)
class Setup:
    """How one sandbox is arranged."""

    argv: list[str]  # starts the keeper
    workspace: str  # as commands see it; so are the next three
    home: str
    tmp: str
    path: str
    plain: bool  # the keeper is a process of this machine like any other
    own_pids: bool  # the keeper is process 1 of its own namespace
    own_loopback: bool  # a port in there is not a port out here
    counts_alone: bool  # the kernel's count for RLIMIT_NPROC holds nothing but this sandbox
    on_disk: list[str]  # folders that the watcher counts
    in_memory: list[str] = field(default_factory=list)  # tmpfs


@dataclass(frozen=True)
class LocalKind:
    """A kind of sandbox on this machine."""

    name: str
    isolates: bool
    hint: Callable[[str], str]  # from the launcher's complaint to what to do about it
    user: Callable[[Path], User | None]  # whom commands run as, given the scratch folder; None: Hive's own user
    warning: Callable[[User | None], str]
    arrange: Callable[[Folders, Limits, User | None, Programs], Setup]
