"""hand_in(): all of a workspace, as commands have left it, on its way back to Hive."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

from apps.fleet.order import MIB, TREE_NAME
from workers.agent.port import TREE, Desk
from workers.sandbox.pack import Packing
from workers.sandbox.port import Sandbox

OVER = "The commands are over."


class TooLarge(Exception):
    """A part of a workspace would be taken for files that were deleted."""


def hand_in(sandbox: Sandbox, desk: Desk, limit_bytes: int, folder: Path | None, say: Callable[[str], None]) -> None:
    """To the byte: secrets are not masked here, as what comes back must be what was made. Raises TooLarge."""
    sandbox.kill(OVER)  # what they left running writes no more
    export = sandbox.export(["**"])
    packing = Packing(export, limit_bytes)
    with tempfile.TemporaryFile(dir=folder) as file:
        for piece in packing:
            file.write(piece)
        if packing.left_out:
            raise TooLarge(f"The workspace holds more than {limit_bytes // MIB} MiB: {packing.left_out[0]}.")
        size_bytes = file.tell()
        file.seek(0)
        desk.keep(TREE_NAME, TREE, cast(BinaryIO, file), size_bytes)
    for note in export.refused[:10]:
        say(f"[hive] Not handed in: {note}")
