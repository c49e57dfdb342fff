"""Which jobs the program takes, and which it lets lapse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from apps.fleet.order import Command, Order
from workers.agent import program
from workers.agent.credential import Credential
from workers.agent.machine import Machine
from workers.agent.program import Program
from workers.agent.server import Server
from workers.agent.settings import Settings
from workers.sandbox.port import SandboxError


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


class Chain:
    """Offers with each final word the next job, up to the third; keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[int, str, int]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/agent/token"):
            return httpx.Response(200, json={"token": "t"})
        job, said = int(request.url.path.split("/")[-2]), json.loads(request.read())
        self.told.append((job, said["state"], said.get("next", 0)))
        if said["state"] == "running":
            return httpx.Response(200, json={"order": Order((Command(("true",)),)).as_json()})
        more = {"jobs": [{"id": job + 1, "lease": "l"}]} if said.get("next") and job < 3 else {}
        return httpx.Response(200, json={"recorded": True, **more})


class Bare(Machine):
    """No sandbox; the disk is full after so many looks."""

    def __init__(self, settings: Settings, room: int) -> None:
        super().__init__(settings)
        self.room = room

    def has_room(self) -> bool:
        self.room -= 1
        return self.room >= 0

    def sandbox(self, label: str, order: Order) -> Any:
        raise SandboxError("There is none here.")


def chained(folder: Path, room: int, *, drains: bool = False) -> tuple[Chain, Program]:
    server = Server("http://hive", transport=httpx.MockTransport(hive := Chain()))
    server.use(Credential("http://hive", 1, "c"))
    settings = Settings("http://hive", home=folder)
    made = Program(settings, Bare(settings, room), server)
    if drains:
        made.drain()
    made._work(made._take(1, "l"))
    return hive, made


def test_jobs_that_come_with_the_answer_to_a_final_word_follow_at_once(tmp_path: Path) -> None:
    hive, made = chained(tmp_path, 99)
    ends = [one for one in hive.told if one[1] != "running"]
    assert ends == [(1, "failed", 1), (2, "failed", 1), (3, "failed", 1)]
    assert [job for job, state, _ in hive.told if state == "running"] == [1, 2, 3]
    assert not made._at_work()


def test_an_agent_that_drains_asks_for_nothing_more(tmp_path: Path) -> None:
    hive, _ = chained(tmp_path, 99, drains=True)
    assert hive.told == [(1, "running", 0), (1, "failed", 0)]


def test_what_came_when_the_disk_had_filled_up_is_left_to_others(tmp_path: Path) -> None:
    hive, made = chained(tmp_path, 1)
    assert hive.told == [(1, "running", 0), (1, "failed", 1)]
    assert not made._at_work()
