"""follow(): one reader's way through a stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

from apps.events.stream.feed import LOOK_S, Feed, Load, Piece
from apps.events.stream.hub import Hub


async def follow(
    hub: Hub, channel: str, load: Load, position: int, *, until_end: bool, idle_s: float
) -> AsyncGenerator[Sequence[Piece], None]:
    """Everything after `position`: what is stored, then what arrives. Raises TooManyReaders, and what `load` raises.

    Nothing, an empty sequence, comes when nothing has happened for `idle_s`, so that the caller can show that the
    connection is alive. With `until_end` it finishes when what is watched has ended and everything was given.
    """
    feed = hub.join(channel, load)
    try:
        while True:
            pieces: Sequence[Piece] | None = feed.since(position)
            if pieces is None:
                pieces, ended = await _read(hub, feed, load, position)
                if until_end and ended and not pieces:
                    return
                if not pieces:
                    continue
            if not pieces:
                if until_end and feed.has_ended_at(position):
                    return
                if await feed.changed(idle_s):
                    continue
            else:
                position = pieces[-1].end
            yield pieces
    finally:
        hub.leave(channel, feed)


async def _read(hub: Hub, feed: Feed, load: Load, position: int) -> tuple[Sequence[Piece], bool]:
    """What lies before the feed's window, by a query of the reader's own; and whether it ends there."""
    batch = await hub.pool.run(load, position)
    if not batch.more:
        feed.start_at(batch.pieces[-1].end if batch.pieces else position)
    if not batch.pieces and feed.since(position) is None:
        await asyncio.sleep(LOOK_S)  # rows are gone that the window still follows on; do not ask without a pause
    return batch.pieces, batch.ended
