"""The verb `hive up`."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer


def up(
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, help="Port of the web server; 0 takes a free one.", show_default="HIVE_PORT, or 8000"
        ),
    ] = None,
    detach: Annotated[
        bool, typer.Option("--detach", help="Return when Hive is ready; it goes on in the background.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="When ready, print one JSON object: url, pid, sign_in …")
    ] = False,
) -> None:
    """Start Hive, and watch over its parts until Ctrl-C."""
    options = [
        *(("--port", str(port)) if port is not None else ()),
        *(("--detach",) if detach else ()),
        *(("--json",) if as_json else ()),
    ]
    sys.stdout.flush()
    # A new program in this process: what watches for days must not carry the imports of a command line.
    os.execv(sys.executable, [sys.executable, "-P", "-m", "hive.cli.up", *options])  # noqa: S606
