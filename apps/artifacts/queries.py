"""Reads of artifacts and of logs, wherever a log lies at the moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db.models import QuerySet

from apps.accounts.access import visible_organisations
from apps.accounts.models import User
from apps.artifacts.models import Artifact
from apps.artifacts.store import NotStored, store
from apps.artifacts.store.port import PIECE_BYTES
from apps.events.queries import log_end, log_piece

MOVES_SEEN = 3  # how often a log may move on while one piece is read; it moves once, twice at the very most


def visible_artifacts(user: User) -> QuerySet[Artifact]:
    """The artifacts that this person may see."""
    return Artifact.objects.filter(run__project__organisation__in=visible_organisations(user))


def find_log(job_id: int) -> Artifact | None:
    """The job's archived log; None as long as it lies in chunks, or the job has printed nothing."""
    return Artifact.objects.filter(job_id=job_id, kind=Artifact.Kind.LOG).first()


def find_logs(job_ids: Sequence[int]) -> dict[int, Artifact]:
    """The same for many jobs, by job."""
    rows = Artifact.objects.filter(job_id__in=job_ids, kind=Artifact.Kind.LOG)
    return {row.job_id: row for row in rows}


def log_size(job_id: int) -> int:
    """How many bytes the job has printed so far."""
    chunks_end = log_end(job_id)
    archived = find_log(job_id)  # after the chunks: they go in the transaction that brings this row
    return max(chunks_end, archived.size_bytes if archived else 0)


def read_piece(job_id: int, start: int, limit_bytes: int = PIECE_BYTES) -> bytes:
    """Up to `limit_bytes` of the job's output from `start`; empty at the end of what there is so far.

    The same bytes before, during and after the move to the store. First the chunks are looked at, then the store: in
    the moment of the move the row is there as soon as the chunks are gone.
    """
    if piece := log_piece(job_id, start, limit_bytes):
        return piece
    for attempt in range(MOVES_SEEN):
        archived = find_log(job_id)
        if archived is None or archived.size_bytes <= start:
            return b""
        try:
            return b"".join(store().get(archived.store_key, start, min(start + limit_bytes, archived.size_bytes)))
        except NotStored:
            if attempt == MOVES_SEEN - 1:
                raise
    return b""


def read_log(job_id: int, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
    """The job's output from byte `start` up to `stop`, or up to its end so far, in pieces of a bounded size."""
    while stop is None or start < stop:
        piece = read_piece(job_id, start, PIECE_BYTES if stop is None else min(PIECE_BYTES, stop - start))
        if not piece:
            return
        yield piece
        start += len(piece)
