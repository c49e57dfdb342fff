"""What went wrong with a call, sorted by what is to be done: ask again, ask somebody else, give up."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from workers.llm.endpoint import Endpoint
from workers.llm.port import ContextTooLong, ModelError

AGAIN = frozenset({408, 409, 425, 429, 499, 529})  # and everything from 500 on
UNPAID = re.compile(r"insufficient[_ ]quota|credit balance|billing", re.IGNORECASE)
TOO_LONG = re.compile(
    r"context[_ ](length|window)|prompt is too long|maximum context|too many tokens|exceeds? .{0,40}context"
    r"|input token count .{0,40}exceeds",
    re.IGNORECASE,
)
UNREACHED = re.compile(r"connection error|cannot connect|connection refused|connect call failed", re.IGNORECASE)
SAID = re.compile(r'"(?:message|error)"\s*:\s*"((?:[^"\\]|\\.)*)"')
SHOWN = 300


def fault_of(error: Exception, endpoint: Endpoint) -> ModelError:
    """The ModelError that an exception of litellm's amounts to."""
    status = _status(error)
    said = _said(str(error), endpoint)
    code = f" {status}" if status else ""
    message = f"{endpoint.model} answered{code}: {said}" if status else f"{endpoint.model} cannot be reached: {said}"
    if status in (400, 413, 422, 500) and TOO_LONG.search(str(error)):
        return ContextTooLong(message)
    if status in (401, 403):
        return ModelError(f"{message} Is the key right, and for this address?", permanent=True)
    if status == 404:
        return ModelError(f"{message} Are the model's name and the address right?", permanent=True)
    if UNPAID.search(str(error)):
        return ModelError(message, permanent=True)
    passing = status == 0 or status >= 500 or status in AGAIN
    return ModelError(message, permanent=not passing, retry_after_s=retry_after(_headers(error)))


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


def _said(text: str, endpoint: Endpoint) -> str:
    """The provider's own sentence, without what litellm puts around it, and never with the key."""
    found = SAID.search(text)
    said = found.group(1) if found else text.partition("\n")[0]
    said = (
        re.sub(r"^(?:litellm\.)?(?:\w+(?:Error|Exception)\b[:\s-]*(?:litellm\.)?)+", "", said).strip() or text[:SHOWN]
    )
    if endpoint.api_key:
        said = said.replace(endpoint.api_key, "[key]")
    said = said[:SHOWN].strip()
    return said if said.endswith((".", "!", "?")) else f"{said}."
