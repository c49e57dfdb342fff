"""Call a tool as a loop does, its arguments checked."""

from __future__ import annotations

from typing import Any

from workers.llm.tools.desk import Desk
from workers.llm.tools.port import Instrument


def call(instrument: Instrument, **arguments: Any) -> str:
    return instrument.run(instrument.arguments.model_validate(arguments))


def text_of(desk: Desk, path: str) -> str:
    return desk.read(path).decode()
