"""The frames of a live stream: whole characters, signs of life, an end, and nobody who may not read any more."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from typing import Any

import pytest

from apps.api import stream_frames
from apps.api.stream_frames import log_frames, run_frames
from apps.events.stream import Batch, Hub, Piece, Pool
from apps.events.stream.frames import ALIVE, BEGIN

PATIENCE_S = 20.0
GRIN = "😀".encode()


def yes() -> bool:
    return True


def collect(frames: Callable[[], AsyncGenerator[bytes, None]], most: int = 10_000) -> bytes:
    async def run() -> bytes:
        found = []
        async with asyncio.timeout(PATIENCE_S), aclosing(frames()) as stream:
            async for frame in stream:
                found.append(frame)
                if len(found) >= most:
                    break
        return b"".join(found)

    return asyncio.run(run())


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts pieces in the place of the database: one load each, then the end."""
    monkeypatch.setattr(stream_frames, "current_hub", lambda: Hub(Pool("test", 1), "unix:///nowhere"))

    def put(*data: bytes, ended: bool = True) -> None:
        def load(job_id: int, position: int) -> Batch:
            at = 0
            for piece in data:
                if at <= position < at + len(piece):
                    return Batch([Piece(position, at + len(piece), piece[position - at :])], more=True)
                at += len(piece)
            return Batch([], ended=ended)

        monkeypatch.setattr(stream_frames, "log_pieces", load)

    return put


def told(stream: bytes) -> list[tuple[str, dict[str, Any]]]:
    """(id, data) of each frame; the end's data is marked."""
    found = []
    for block in stream.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "data" in fields:
            found.append((fields["id"], json.loads(fields["data"]) | ({"end": True} if "event" in fields else {})))
    return found


def test_output_comes_with_its_offsets_and_an_end(source: Callable[..., None]) -> None:
    source(b"one\n", b"two\n")
    stream = collect(lambda: log_frames(1, 0, allowed=yes))
    assert stream.startswith(BEGIN)
    assert told(stream) == [
        ("4", {"offset": 0, "text": "one\n"}),
        ("8", {"offset": 4, "text": "two\n"}),
        ("8", {"offset": 8, "end": True}),
    ]


def test_a_character_is_never_split(source: Callable[..., None]) -> None:
    source(b"a" + GRIN[:2], GRIN[2:3], GRIN[3:] + b"b")
    assert told(collect(lambda: log_frames(1, 0, allowed=yes))) == [
        ("1", {"offset": 0, "text": "a"}),
        ("6", {"offset": 1, "text": "😀b"}),
        ("6", {"offset": 6, "end": True}),
    ]


def test_bytes_that_are_no_text_are_replaced(source: Callable[..., None]) -> None:
    source(b"a\xff\xfeb", GRIN[:3])
    assert told(collect(lambda: log_frames(1, 0, allowed=yes))) == [
        ("4", {"offset": 0, "text": "a\ufffd\ufffdb"}),
        ("7", {"offset": 4, "text": "\ufffd"}),
        ("7", {"offset": 7, "end": True}),
    ]


def pieces_of(data: bytes, sizes: Iterable[int]) -> list[bytes]:
    found, at = [], 0
    for size in sizes:
        found.append(data[at : at + size])
        at += size
    return [piece for piece in [*found, data[at:]] if piece]


@pytest.mark.parametrize("sizes", [[1] * 60, [2] * 30, [3] * 20, [5, 1, 7, 1, 1, 2], []])
def test_whoever_resumes_anywhere_reads_the_same_text(source: Callable[..., None], sizes: list[int]) -> None:
    data = "äöü 😀 日本\n".encode() + b"\xff\x80" + "é".encode()[:1] + "z😀".encode()
    source(*pieces_of(data, sizes))
    frames = told(collect(lambda: log_frames(1, 0, allowed=yes)))
    text = "".join(one.get("text", "") for _, one in frames)
    assert text == data.decode("utf-8", "replace")
    for at, (position, _) in enumerate(frames):
        rest = told(collect(lambda position=position: log_frames(1, int(position), allowed=yes)))  # type: ignore[misc]
        before = "".join(one.get("text", "") for _, one in frames[: at + 1])
        assert before + "".join(one.get("text", "") for _, one in rest) == text


def test_silence_is_filled_with_signs_of_life(source: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_frames, "ALIVE_S", 0.02)
    source(b"x", ended=False)
    assert collect(lambda: log_frames(1, 0, allowed=yes), most=12).endswith(ALIVE + ALIVE)


def test_who_may_not_read_any_more_is_cut_off_without_an_end(
    source: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_frames, "CHECK_S", 0.0)
    answers = [True, False]
    source(b"one", b"two", b"three")
    assert told(collect(lambda: log_frames(1, 0, allowed=lambda: answers.pop(0)))) == [
        ("3", {"offset": 0, "text": "one"})
    ]


def test_a_database_that_goes_away_breaks_off_without_an_end(
    source: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import OperationalError

    def load(job_id: int, position: int) -> Batch:
        if position:
            raise OperationalError("gone")
        return Batch([Piece(0, 3, b"one")], more=True)

    source()
    monkeypatch.setattr(stream_frames, "log_pieces", load)
    assert told(collect(lambda: log_frames(1, 0, allowed=yes))) == [("3", {"offset": 0, "text": "one"})]


def test_a_runs_stream_says_end_and_closes_only_if_asked_to(
    source: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(run_id: int, number: int, has_ended: object) -> Batch:
        return Batch([Piece(0, 1, b"id: 1\n\n")] if number == 0 else [], ended=True)

    source()
    monkeypatch.setattr(stream_frames, "event_frames", load)
    assert (
        collect(lambda: run_frames(1, 0, until_end=True, allowed=yes))
        == BEGIN + b'id: 1\n\nid: 1\nevent: end\ndata: {"number":1}\n\n'
    )
    monkeypatch.setattr(stream_frames, "ALIVE_S", 0.02)
    said = collect(lambda: run_frames(1, 0, until_end=False, allowed=yes), most=12)
    assert said.startswith(BEGIN)
    assert said.endswith(ALIVE + ALIVE)  # on a slow machine, one may come before what was loaded
    assert said.count(b"id: 1\n\n") == 1
    assert b"event: end" not in said
