"""How the supervisor starts a child: as a fork of the warm process where that may be, as a new program otherwise."""

from __future__ import annotations

from collections.abc import Mapping

from hive.cli.up.child import Child
from hive.cli.up.spawn import spawn
from hive.cli.up.warm_client import fork_warm


def start(child: Child, environment: Mapping[str, str], output: int, warm: str | None) -> int:
    """The new process's id; `warm` is the socket of the warm process. Raises OSError where neither way works."""
    if warm is not None:
        try:
            return fork_warm(warm, child, output)
        except OSError:
            pass  # the warm process died or is stuck; it is being restarted, and a new program does as well
    return spawn(child, environment, output)
