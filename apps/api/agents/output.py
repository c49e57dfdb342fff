"""A piece of output: PATCH /jobs/{id}/log with Content-Range."""

from __future__ import annotations

import re

from django.http import HttpResponse
from rest_framework.request import Request

from apps.api.problems import Problem, problem
from apps.fleet.limits import LOG_PIECE_BYTES
from apps.fleet.models import Agent
from apps.fleet.services.receive_log import Piece, TooMuchOutput, WrongOffset, receive_log

CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\*|\d{1,18})")
LEASE = "Hive-Lease"


def take_piece(request: Request, agent: Agent, job_id: int) -> HttpResponse:
    """202 with `Range: bytes=0-N`: so much has arrived, go on behind it. 416 with the same: this is not where."""
    data = request._request.read(LOG_PIECE_BYTES + 1)
    if len(data) > LOG_PIECE_BYTES:
        raise Problem(413, "too_large", f"A piece of output may hold up to {LOG_PIECE_BYTES:,} bytes.")
    piece = _piece(request.headers.get("Content-Range", ""), data)
    try:
        received = receive_log(agent, job_id, request.headers.get(LEASE, "")[:32], piece)
    except WrongOffset as error:
        return problem(416, "wrong_offset", str(error), _range(error.received), received=error.received)
    except TooMuchOutput as error:
        raise Problem(413, "too_much_output", str(error)) from None
    return HttpResponse(status=202, headers=_range(received))


def _piece(header: str, data: bytes) -> Piece:
    match = CONTENT_RANGE.fullmatch(header)
    if match is None:
        raise Problem(400, "bad_request", "Content-Range: bytes FIRST-LAST/* is needed, with /TOTAL at the end.")
    first, last = int(match[1]), int(match[2])
    if last - first + 1 != len(data):
        raise Problem(400, "bad_request", f"Content-Range names {last - first + 1} bytes; {len(data)} have come.")
    return Piece(first, data, is_last=match[3] != "*" and int(match[3]) == last + 1)


def _range(received: int) -> dict[str, str]:
    """HTTP has no way to write a range of no bytes; without the header nothing has arrived."""
    return {"Range": f"bytes=0-{received - 1}"} if received else {}
