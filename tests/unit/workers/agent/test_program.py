"""Which jobs the program takes, and which it lets lapse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from workers.agent import program
from workers.agent.machine import Machine
from workers.agent.program import Program
from workers.agent.server import Server
from workers.agent.settings import Settings


class Disk:
    """Of a machine whose room is told in advance."""

    def __init__(self, *room: bool) -> None:
        self._room: Iterator[bool] = iter(room)

    def has_room(self) -> bool:
        return next(self._room)


class Offers:
    """A server that offers one job to whoever asks."""

    def __init__(self) -> None:
        self.asked = 0

    def call(self, *_: Any, **__: Any) -> httpx.Response:
        self.asked += 1
        return httpx.Response(200, json={"jobs": [{"id": 1, "lease": "l"}]})


@pytest.mark.parametrize(
    ("room", "asked", "begun"), [((True, True), 1, [1]), ((True, False), 1, []), ((False,), 0, [])]
)
def test_an_agent_asks_and_begins_only_while_there_is_room_on_its_disk(
    room: tuple[bool, ...], asked: int, begun: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "NO_ROOM_S", 0)
    took: list[int] = []
    monkeypatch.setattr(Program, "_begin", lambda _, job_id, lease: took.append(job_id))
    server = Offers()
    settings = Settings("http://hive", home=tmp_path)
    Program(settings, cast(Machine, Disk(*room)), cast(Server, server))._ask(0.0)
    assert (server.asked, took) == (asked, begun)
