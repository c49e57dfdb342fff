"""Answers to `Range: bytes=…`."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any

from django.http import StreamingHttpResponse

from apps.api.problems import Problem

RANGE = "`bytes=0-499`, `bytes=500-` or `bytes=-500`. Several ranges at once are answered with everything."
ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def ranged(
    request: Any, size: int, read: Callable[[int, int], Iterator[bytes]], **kwargs: Any
) -> StreamingHttpResponse:
    """200 with everything, 206 with the range that was asked for. Raises Problem 416 for one behind the end."""
    asked = _read(request.headers.get("Range", ""), size)
    start, stop = asked or (0, size)
    pieces = _begun(read(start, stop)) if request.method != "HEAD" else iter(())
    response = StreamingHttpResponse(pieces, status=206 if asked else 200, **kwargs)
    response["Accept-Ranges"] = "bytes"
    response["Content-Length"] = str(stop - start)
    if asked:
        response["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return response


def span(request: Any, size: int) -> tuple[int, int]:
    """(start, stop) of what the request is about. Raises Problem 416."""
    return _read(request.headers.get("Range", ""), size) or (0, size)


def _begun(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same pieces, the first of them read: a store that is away is said by the status, not by breaking off."""
    return itertools.chain([next(pieces, b"")], pieces)


def _read(header: str, size: int) -> tuple[int, int] | None:
    """(start, stop) of a single range; None for everything: what is not understood is ignored, as HTTP has it."""
    match = ONE_RANGE.fullmatch(header.replace(" ", ""))
    if not match or not any(match.groups()):
        return None
    first, last = match.groups()
    if not first:
        start, stop = max(size - int(last), 0), size
    else:
        start, stop = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < int(first):
            return None
    if start >= size or start >= stop:
        detail = f"There are {size:,} bytes so far; nothing from {start:,} on."
        raise Problem(416, "range_not_satisfiable", detail, {"Content-Range": f"bytes */{size}"}, size_bytes=size)
    return start, stop
