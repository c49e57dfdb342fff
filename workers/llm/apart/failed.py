"""What is told of a request that failed: the provider's status, its words, how long it wants to be left alone."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

UNREACHED = re.compile(r"connection error|cannot connect|connection refused|connect call failed", re.IGNORECASE)
LONGEST = 64 * 1024  # characters of a provider's words


class Failed(Exception):
    """A request failed. `status` is 0 where there was no answer, or none to its end."""

    def __init__(self, said: str, status: int = 0, retry_after_s: float | None = None) -> None:
        super().__init__(said)
        self.status = status
        self.retry_after_s = retry_after_s


def told(error: Exception) -> dict[str, Any]:
    """An exception of litellm's as what goes over the line, and is Failed at its other end."""
    return {
        "said": str(error)[:LONGEST],
        "status": _status(error),
        "retry_after_s": retry_after(_headers(error)),
    }


def _status(error: Exception) -> int:
    """The HTTP status that the provider answered with; 0 where there was no answer, or none to its end."""
    name = type(error).__name__
    original = getattr(error, "original_exception", None)
    if "MidStream" in name and isinstance(original, Exception) and original is not error:
        return _status(original)
    if name in ("APIConnectionError", "Timeout", "TimeoutError", "ConnectionError", "ClientPayloadError"):
        return 0
    status = getattr(error, "status_code", 0)
    if status == 500 and UNREACHED.search(str(error)):
        return 0  # litellm's own number for it
    return status if isinstance(status, int) else 0


def _headers(error: Exception) -> Mapping[str, str]:
    for place in (error, getattr(error, "original_exception", None)):
        response = getattr(place, "response", None)
        for found in (getattr(place, "litellm_response_headers", None), getattr(response, "headers", None)):
            if found and "retry-after" in found:
                return found
    return {}


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, from either form of the header: a number, or a date."""
    value = headers.get("retry-after", "").strip()
    try:
        return max(float(value), 0.0)
    except ValueError:
        pass
    try:
        return max(parsedate_to_datetime(value).timestamp() - time.time(), 0.0)
    except (TypeError, ValueError):
        return None
