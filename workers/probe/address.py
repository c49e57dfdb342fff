"""Where a release really listens: a unix socket, or a port of this machine. The host imports it: keep it light."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

Address = tuple[Literal["unix"], str] | tuple[Literal["tcp"], str, int]


def read_address(value: Sequence[object]) -> Address:
    """An address that came through JSON: ["unix", path] or ["tcp", host, port]. Raises ValueError for anything else."""
    match list(value):
        case ["unix", str(path)]:
            return ("unix", path)
        case ["tcp", str(host), int(port)] if 0 < port < 65536:
            return ("tcp", host, port)
    raise ValueError(f'{value!r} is not an address; use ["unix", path] or ["tcp", host, port].')
