"""Feed: the newest part of one stream, read once for all its readers in this process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from apps.events.stream.pool import Pool

logger = logging.getLogger(__name__)

LOOK_S = 1.0  # without a wake-up: Redis may be away, or one got lost
COALESCE_S = 0.05  # wake-ups within this time cost one query together
WINDOW_BYTES = 512 * 1024


@dataclass(frozen=True, slots=True)
class Piece:
    """What a reader gets that has everything up to `start`; afterwards it has everything up to `end`."""

    start: int
    end: int
    data: bytes

    def after(self, position: int) -> Piece:
        """The part behind `position`. Only output can be cut: its positions are bytes, and an event is one position."""
        return self if position <= self.start else Piece(position, self.end, self.data[position - self.start :])


@dataclass(frozen=True, slots=True)
class Batch:
    """One read: pieces without a gap. `more`: the next read will find more at once.

    `ended`: nothing comes after these pieces, because what is watched had ended before they were read.
    """

    pieces: Sequence[Piece]
    more: bool = False
    ended: bool = False


Load = Callable[[int], Batch]  # blocking: what is stored after this position


class Feed:
    """In charge of: reading what is new, once; keeping the newest of it; telling readers.

    Not in charge of: readers that are behind the window (follow), which feeds there are and what wakes them (Hub).
    """

    def __init__(self, load: Load, pool: Pool) -> None:
        self.readers = 0
        self.position: int | None = None  # up to where it has read; None before its first reader has caught up
        self.ended = False
        self._load = load
        self._pool = pool
        self._window: deque[Piece] = deque()
        self._window_bytes = 0
        self._look = asyncio.Event()
        self._changed = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Something may be new: look now."""
        self._look.set()

    def start_at(self, position: int) -> None:
        """Begin to read from here on. Whoever comes first has caught up with the database to this point."""
        if self.position is None:
            self.position = position
            self._pump = asyncio.create_task(self._read_on(), name="hive-feed")

    def stop(self) -> None:
        if self._pump is not None:
            self._pump.cancel()

    def since(self, position: int) -> list[Piece] | None:
        """What the window holds after `position`; None if that begins before the window."""
        if self.position is None:
            return None
        if position >= self.position:
            return []
        if not self._window or position < self._window[0].start:
            return None
        return [piece.after(position) for piece in self._window if piece.end > position]

    def has_ended_at(self, position: int) -> bool:
        """Whether a reader at this position has everything that there will ever be."""
        return self.ended and self.position is not None and position >= self.position

    async def changed(self, within_s: float) -> bool:
        """Wait until there may be something new. False if nothing was in that time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._changed.wait()
                return True
        return False

    async def _read_on(self) -> None:
        while True:
            self._look.clear()
            more = await self._read()
            if more:
                continue
            await asyncio.sleep(COALESCE_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._look.wait()

    async def _read(self) -> bool:
        assert self.position is not None  # noqa: S101 - start_at sets it before this begins
        try:
            batch = await self._pool.run(self._load, self.position)
        except Exception as error:  # its readers wait for it: it must not end while they are there
            logger.warning("action=stream cannot read (%s: %s); looking again", type(error).__name__, error)
            return False
        for piece in batch.pieces:
            self._keep(piece)
        if batch.pieces or batch.ended != self.ended:
            self.ended = batch.ended
            self._changed.set()
            self._changed = asyncio.Event()
        return batch.more

    def _keep(self, piece: Piece) -> None:
        self._window.append(piece)
        self._window_bytes += len(piece.data)
        self.position = piece.end
        while self._window_bytes > WINDOW_BYTES and len(self._window) > 1:
            self._window_bytes -= len(self._window.popleft().data)
