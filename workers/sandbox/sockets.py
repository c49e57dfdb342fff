"""Where Hive reaches the port of a long-lived process."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from workers.sandbox.port import SandboxError

_LONGEST_BYTES = 107  # AF_UNIX


def listen(folder: Path) -> tuple[socket.socket, Path]:
    """A unix socket that only Hive's own user can connect to. Raises SandboxError where the path is too long."""
    path = folder / f"{os.urandom(4).hex()}.sock"
    if len(os.fsencode(path)) > _LONGEST_BYTES:
        raise SandboxError(
            f"{path} is too long for a unix socket ({_LONGEST_BYTES} bytes): open the sandbox with shorter `sockets`.",
            permanent=True,
        )
    folder.mkdir(parents=True, exist_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    try:
        listener.bind(os.fspath(path))
        path.chmod(0o600)  # before anybody can connect: it does not listen yet
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise SandboxError(f"{path} cannot be made: {error.strerror}.") from error
    return listener, path


def free_port() -> int:
    """A port of the loopback that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
