"""How the supervisor starts a child: as a fork of the warm process where that may be, as a new program otherwise."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hive.cli.up.child import Child
from hive.cli.up.spawn import spawn
from hive.cli.up.warm_client import fork_warm


@dataclass(frozen=True)
class Starter:
    """What all children have in common: their environment, and the folder that they run in."""

    environment: Mapping[str, str]
    folder: Path

    def start(self, child: Child, output: int, warm: str | None) -> int:
        """The new process's id; `warm` is the socket of the warm process. Raises OSError where neither way works."""
        if warm is not None:
            with contextlib.suppress(OSError):  # it died or is stuck, and is looked after; a new program does as well
                return fork_warm(warm, child, output)
        return spawn(child, self.environment, self.folder, output)
