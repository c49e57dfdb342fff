"""receive_log(): a piece of a job's output, as the agent sends it: in order, masked, once, under the lease.

What might be the beginning of a secret at the end of a piece is not taken yet; the agent sends it again with what
follows, and is told from where. So the server keeps nothing between two calls, and any of its processes may answer.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from django.conf import settings

from apps.fleet.models import Agent, Assignment
from apps.fleet.services.lease import held
from apps.fleet.stars import Stars, stars_for
from apps.runs.services.output import LeaseLost, append_log
from apps.sql.execute import execute, together

LINE_BYTES = 1024  # above the bound, for the agent's own sentence on what it left out
COUNT = (
    "UPDATE fleet_assignment SET log_bytes = %s, log_crc32 = %s WHERE id = %s AND lease_token = %s AND log_bytes = %s"
)


class WrongOffset(Exception):
    """The piece does not begin where the output that has arrived ends. `received` says where that is."""

    def __init__(self, received: int) -> None:
        super().__init__(f"The output has arrived up to byte {received}; go on from there.")
        self.received = received


class TooMuchOutput(Exception):
    """More output than the order allows."""


@dataclass(frozen=True)
class Piece:
    """`start`: the offset of its first byte. `is_last`: nothing comes after it."""

    start: int
    data: bytes
    is_last: bool = False


def receive_log(agent: Agent, job_id: int, lease: str, piece: Piece) -> int:
    """Store it; how many bytes have arrived in all. What had arrived before is passed over.

    Raises NotYours, LeaseLost, WrongOffset, TooMuchOutput.
    """
    return receive(held(agent, job_id, lease), lease, piece)


def receive(found: Assignment, lease: str, piece: Piece) -> int:
    """The same for an assignment that was read, and is held under this lease. Raises WrongOffset, TooMuchOutput."""
    if piece.start > found.log_bytes:
        raise WrongOffset(found.log_bytes)
    fresh = piece.data[found.log_bytes - piece.start :]
    if found.log_bytes + len(fresh) > settings.LOG_LIMIT_BYTES + LINE_BYTES:
        raise TooMuchOutput(f"{settings.LOG_LIMIT_BYTES} bytes of one job's output are kept.")
    stars: Stars = stars_for(found.job.run.project_id)
    taken = fresh if piece.is_last else fresh[: len(fresh) - stars.open_end(fresh)]
    if taken:
        _store(found, lease, taken, stars.cover(taken))
    return found.log_bytes


def _store(found: Assignment, lease: str, raw: bytes, shown: bytes) -> None:
    """Row and count together: of two calls with the same piece, one finds the count moved on."""
    start, crc32 = found.log_bytes, zlib.crc32(raw, found.log_crc32)
    with together():
        if not execute(COUNT, start + len(raw), crc32, found.pk, lease, start):
            row = Assignment.objects.get(pk=found.pk)
            raise WrongOffset(row.log_bytes) if row.lease_token == lease else LeaseLost("The lease has gone.")
        append_log(found.job_id, lease, start, shown)
    found.log_bytes, found.log_crc32 = start + len(raw), crc32
