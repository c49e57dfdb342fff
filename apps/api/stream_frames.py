"""The bytes of a live stream, from what follow() gives: frames, signs of life, and a look at who is reading."""

from __future__ import annotations

import codecs
import logging
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from functools import partial

from django.db import Error as DatabaseError

from apps.artifacts.queries import read_piece
from apps.artifacts.store import StoreError
from apps.events import wake
from apps.events.stream import Batch, Load, Piece, TooManyReaders, current_hub, follow, read_pool
from apps.events.stream.frames import ALIVE, BEGIN, event_frames, frame
from apps.runs.models import Job, Run
from apps.runs.states import JOB_ENDED, RUN_ENDED

logger = logging.getLogger(__name__)

ALIVE_S = 15.0
CHECK_S = 30.0  # how long somebody who was sent away may go on reading

Allowed = Callable[[], bool]  # blocking


async def run_frames(run_id: int, position: int, *, until_end: bool, allowed: Allowed) -> AsyncGenerator[bytes, None]:
    """A run's events after number `position`; with `until_end`, `end` once the run has ended."""
    yield BEGIN
    has_ended = Run.objects.filter(pk=run_id, status__in=RUN_ENDED).exists
    load: Load = partial(event_frames, run_id, has_ended=has_ended)
    watch = _Watch(wake.run_channel(run_id), load, allowed)
    async with aclosing(watch.pieces(position, until_end=until_end)) as batches:
        async for pieces in batches:
            position = pieces[-1].end if pieces else position
            yield b"".join(piece.data for piece in pieces) or ALIVE
    if until_end and watch.complete:
        yield frame(position, "end", {"number": position})


async def log_frames(job_id: int, position: int, *, allowed: Allowed) -> AsyncGenerator[bytes, None]:
    """A job's output after byte `position`, and `end` when the job has ended.

    No character is split: the bytes of one that is not complete wait for the rest, and the id stays before them, so
    that a reader who resumes gets them again. Bytes that are no UTF-8 become U+FFFD.
    """
    yield BEGIN
    text = _Text(position)
    watch = _Watch(wake.log_channel(job_id), partial(log_pieces, job_id), allowed)
    async with aclosing(watch.pieces(position, until_end=True)) as batches:
        async for pieces in batches:
            yield b"".join(text.frame(piece) for piece in pieces) or ALIVE
    if watch.complete:
        yield text.rest() + frame(text.read, "end", {"offset": text.read})


def log_pieces(job_id: int, position: int) -> Batch:
    """The job's next output. Blocking: two queries, or three once the log has moved to the store."""
    ended = Job.objects.filter(pk=job_id, status__in=JOB_ENDED).exists()  # asked first: nothing is printed after that
    data = read_piece(job_id, position)
    pieces = [Piece(position, position + len(data), data)] if data else []
    return Batch(pieces, more=bool(data), ended=ended and not data)


class _Text:
    """Turns pieces of bytes into frames of whole characters."""

    def __init__(self, position: int) -> None:
        self.read = position  # up to where there are bytes
        self._shown = position  # up to where they are text
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def frame(self, piece: Piece) -> bytes:
        self.read = piece.end
        text = self._decoder.decode(piece.data)
        return self._frame(text, piece.end - len(self._decoder.getstate()[0]))

    def rest(self) -> bytes:
        """What waited for more and will not get it."""
        return self._frame(self._decoder.decode(b"", final=True), self.read)

    def _frame(self, text: str, until: int) -> bytes:
        if not text:
            return b""
        offset, self._shown = self._shown, until
        return frame(until, "", {"offset": offset, "text": text})


class _Watch:
    """One reader's stream. `complete` afterwards: it was not broken off, by us or by a failure."""

    def __init__(self, channel: str, load: Load, allowed: Allowed) -> None:
        self.complete = False
        self._channel = channel
        self._load = load
        self._allowed = allowed

    async def pieces(self, position: int, *, until_end: bool) -> AsyncGenerator[Sequence[Piece], None]:
        """Ends early where the reader may no longer read, or nothing can be read; a client then connects again."""
        hub, check_at = current_hub(), time.monotonic() + CHECK_S
        stream = follow(hub, self._channel, self._load, position, until_end=until_end, idle_s=ALIVE_S)
        try:
            async with aclosing(stream) as batches:
                async for batch in batches:
                    if time.monotonic() >= check_at:
                        if not await read_pool.run(self._allowed):
                            return
                        check_at = time.monotonic() + CHECK_S
                    yield batch
            self.complete = True
        except (DatabaseError, StoreError, TooManyReaders) as error:
            logger.warning("action=stream channel=%s broken off: %s", self._channel, error)
