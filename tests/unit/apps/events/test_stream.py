"""Following a stream: stored, then arriving; once, in order, at a bounded cost."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import TypeVar

import pytest

from apps.events.stream import Batch, Hub, Piece, Pool, TooManyReaders, follow
from apps.events.stream import feed as feeds
from apps.events.stream import hub as hubs

T = TypeVar("T")
NOWHERE = "unix:///nowhere/valkey.sock"
PATIENCE_S = 20.0


class Source:
    """Stands for a table: piece n is the byte n % 251."""

    def __init__(self, count: int = 0, batch: int = 50) -> None:
        self.count = count
        self.batch = batch
        self.ended = False
        self.loads = 0

    def load(self, position: int) -> Batch:
        self.loads += 1
        ended, count = self.ended, self.count
        until = min(count, position + self.batch)
        pieces = [Piece(at, at + 1, bytes([at % 251])) for at in range(position, until)]
        return Batch(pieces, more=until < count, ended=ended and until >= count)


def run(test: Callable[[Hub], Awaitable[T]]) -> T:
    async def timed() -> T:
        async with asyncio.timeout(PATIENCE_S):
            return await test(Hub(Pool("test", 2), NOWHERE))

    return asyncio.run(timed())


def reader(
    hub: Hub, source: Source, position: int = 0, *, until_end: bool = True, idle_s: float = 5
) -> AsyncIterator[Sequence[Piece]]:
    return follow(hub, "c", source.load, position, until_end=until_end, idle_s=idle_s)


async def positions(stream: AsyncIterator[Sequence[Piece]], until: int | None = None) -> list[int]:
    found: list[int] = []
    async with aclosing(stream) as batches:  # type: ignore[type-var]
        async for pieces in batches:
            found += [piece.end for piece in pieces]
            if until is not None and found and found[-1] >= until:
                break
    return found


def test_what_is_stored_comes_in_order_and_then_it_ends() -> None:
    source = Source(120)
    source.ended = True
    assert run(lambda hub: positions(reader(hub, source))) == list(range(1, 121))


def test_a_reader_that_resumes_gets_only_the_rest() -> None:
    source = Source(120)
    source.ended = True
    assert run(lambda hub: positions(reader(hub, source, 117))) == [118, 119, 120]


def test_what_arrives_later_comes_too_without_a_wake_up() -> None:
    source = Source(1)

    async def test(hub: Hub) -> list[int]:
        task = asyncio.create_task(positions(reader(hub, source)))
        await asyncio.sleep(0.1)
        source.count = 5
        source.ended = True
        return await task

    assert run(test) == [1, 2, 3, 4, 5]


def test_an_end_that_comes_without_anything_new_ends_it() -> None:
    source = Source(3)

    async def test(hub: Hub) -> list[int]:
        task = asyncio.create_task(positions(reader(hub, source)))
        await asyncio.sleep(0.1)
        source.ended = True
        return await task

    assert run(test) == [1, 2, 3]


def test_without_until_end_it_goes_on_after_the_end() -> None:
    source = Source(3)
    source.ended = True

    async def test(hub: Hub) -> list[int]:
        task = asyncio.create_task(positions(reader(hub, source, until_end=False), until=4))
        await asyncio.sleep(0.2)
        source.count = 4
        return await task

    assert run(test) == [1, 2, 3, 4]


def test_silence_is_told_from_time_to_time() -> None:
    async def test(hub: Hub) -> Sequence[Piece]:
        async with aclosing(reader(hub, Source(), idle_s=0.05)) as batches:  # type: ignore[type-var]
            return await anext(batches)

    assert list(run(test)) == []


def test_many_readers_that_drop_and_resume_see_everything_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a window of a few pieces, so that readers fall out of it and come back all the time."""
    monkeypatch.setattr(feeds, "WINDOW_BYTES", 20)
    monkeypatch.setattr(feeds, "COALESCE_S", 0.001)
    source, total, dice = Source(), 2000, random.Random(7)

    async def one(hub: Hub) -> list[int]:
        found: list[int] = []
        while not found or found[-1] < total:
            drop_at = min(total, (found[-1] if found else 0) + dice.randint(1, 300))
            found += await positions(reader(hub, source, found[-1] if found else 0), until=drop_at)
            await asyncio.sleep(dice.random() / 100)
        return found

    async def write(hub: Hub) -> None:
        while source.count < total:
            source.count = min(total, source.count + dice.randint(1, 40))
            if "c" in hub.feeds:
                hub.feeds["c"].wake()
            await asyncio.sleep(0.002)
        source.ended = True

    async def test(hub: Hub) -> list[list[int]]:
        results = await asyncio.gather(*(one(hub) for _ in range(20)), write(hub))
        assert hub.readers == 0
        assert not hub.feeds
        return results[:-1]

    for found in run(test):
        assert found == list(range(1, total + 1))


def test_twenty_readers_cost_what_one_costs() -> None:
    source = Source(10)

    async def test(hub: Hub) -> int:
        tasks = [asyncio.create_task(positions(reader(hub, source), until=210)) for _ in range(20)]
        while source.loads < 20:  # each has read what was stored
            await asyncio.sleep(0.01)
        before = source.loads
        for _ in range(10):
            source.count += 20
            hub.feeds["c"].wake()
            await asyncio.sleep(0.06)
        await asyncio.gather(*tasks)
        return source.loads - before

    assert run(test) <= 30


def test_a_slow_reader_keeps_nothing_waiting_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "WINDOW_BYTES", 100)
    source = Source(1)

    async def test(hub: Hub) -> list[int]:
        slow = reader(hub, source)
        first = [piece.end for piece in await anext(slow)]
        source.count = 5000
        feed = hub.feeds["c"]
        while feed.position != 5000:
            feed.wake()
            await asyncio.sleep(0.01)
        assert sum(len(piece.data) for piece in feed._window) <= 100
        source.ended = True
        return first + await positions(slow)

    assert run(test) == list(range(1, 5001))


def test_a_piece_of_output_is_cut_where_the_reader_stands() -> None:
    def load(position: int) -> Batch:
        return Batch([Piece(0, 10, b"0123456789")] if position == 0 else [], ended=position == 10)

    async def test(hub: Hub) -> list[bytes]:
        assert await positions(follow(hub, "c", load, 0, until_end=False, idle_s=5), until=10) == [10]
        first = follow(hub, "c", load, 0, until_end=False, idle_s=5)
        await anext(first)
        feed = hub.feeds["c"]
        feed._keep(Piece(10, 20, b"abcdefghij"))
        return [piece.data for piece in feed.since(14) or []]

    assert run(test) == [b"efghij"]


def test_a_source_that_fails_for_a_while_is_read_again() -> None:
    source, failing = Source(2), [False]

    def load(position: int) -> Batch:
        if failing[0]:
            failing[0] = False
            raise RuntimeError("the store is away")
        return source.load(position)

    async def test(hub: Hub) -> list[int]:
        task = asyncio.create_task(positions(follow(hub, "c", load, 0, until_end=True, idle_s=5)))
        await asyncio.sleep(0.2)
        failing[0] = True
        source.count, source.ended = 4, True
        return await task

    assert run(test) == [1, 2, 3, 4]


def test_a_reader_too_many_is_refused_and_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubs, "MOST_READERS", 1)

    async def test(hub: Hub) -> int:
        first = reader(hub, Source(1))
        await anext(first)
        with pytest.raises(TooManyReaders):
            await anext(reader(hub, Source(1)))
        return hub.readers

    assert run(test) == 1


def test_a_reader_that_is_canceled_leaves() -> None:
    async def test(hub: Hub) -> tuple[int, int]:
        task = asyncio.create_task(positions(reader(hub, Source(3), until_end=False)))
        await asyncio.sleep(0.2)
        during = hub.readers
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.sleep(0)
        assert not any(other.get_name() == "hive-feed" for other in asyncio.all_tasks())
        return during, hub.readers

    assert run(test) == (1, 0)
