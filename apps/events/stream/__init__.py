"""Live views: what is stored after a cursor, then what arrives, in order, once.

    rows ──load──▶ Feed (one per run or log and process) ──▶ follow() (one per reader) ──▶ text/event-stream
             ▲
    Redis ──wake──┘   a lost wake-up costs a second, never an event

A Feed reads each new row once, however many readers there are, and keeps the newest in a bounded window. A reader that
is behind the window, because it has just come or its client is slow, reads from the database by itself, in batches.
So a slow client costs what one batch costs, and nobody waits for it.
"""

from apps.events.stream.feed import Batch, Load, Piece
from apps.events.stream.follow import follow
from apps.events.stream.hub import Hub, TooManyReaders, current_hub, readers_now, require_room
from apps.events.stream.pool import Pool, read_pool

__all__ = [
    "Batch",
    "Hub",
    "Load",
    "Piece",
    "Pool",
    "TooManyReaders",
    "current_hub",
    "follow",
    "read_pool",
    "readers_now",
    "require_room",
]
