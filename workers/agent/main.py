"""main(): what `hive agent run` does, and nothing that needs more than this program."""

from __future__ import annotations

import logging
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workers.agent.machine import Machine, hold
from workers.agent.program import Program
from workers.agent.server import Away, Server
from workers.agent.settings import read_settings


def main(flags: Mapping[str, Any], file: Path | None = None) -> None:
    """Run until a signal ends it: the first SIGTERM or SIGINT drains, the second stops.

    Raises settings.BadSettings, server.ServerError, sandbox.SandboxError: each is a sentence.
    """
    settings = read_settings(flags, file=file)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with hold(settings.home):
        program = Program(settings, Machine(settings), Server(settings.server))

        def told(*_: object) -> None:
            if program.draining:
                program.stop()
            else:
                program.drain()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, told)
        logging.warning("action=start agent=%s server=%s slots=%s", settings.name, settings.server, settings.slots)
        try:
            program.run()
        except Away:
            if not program.draining:
                raise
