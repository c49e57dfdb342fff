"""A sign of life: a file that a worker or beat touches while it works. `hive health` looks how old it is.

Asking a worker through the broker (`celery inspect ping`) would cost a second of processor time per look; this costs
nothing, and is as true: a worker that lost its broker, or whose loop hangs, touches it no more.
"""

from __future__ import annotations

import os
from pathlib import Path

from hive import env

KIND = "HIVE_ALIVE_KIND"  # set by the verb: a worker's pool child that publishes must not speak for it


def touch(kind: str) -> None:
    if os.environ.get(KIND) == kind and (name := env.get("HIVE_ALIVE_FILE")):
        Path(name).touch(mode=0o600)
