"""What went wrong with a call, sorted by what is to be done: ask again, ask somebody else, give up."""

from __future__ import annotations

import re

from workers.llm.apart.failed import Failed
from workers.llm.endpoint import Endpoint
from workers.llm.port import ContextTooLong, ModelError

AGAIN = frozenset({408, 409, 425, 429, 499, 529})  # and everything from 500 on
UNPAID = re.compile(r"insufficient[_ ]quota|credit balance|billing", re.IGNORECASE)
TOO_LONG = re.compile(
    r"context[_ ](length|window)|prompt is too long|maximum context|too many tokens|exceeds? .{0,40}context"
    r"|input token count .{0,40}exceeds",
    re.IGNORECASE,
)
SAID = re.compile(r'"(?:message|error)"\s*:\s*"((?:[^"\\]|\\.)*)"')
SHOWN = 300


def fault_of(failed: Failed, endpoint: Endpoint) -> ModelError:
    """The ModelError that it amounts to."""
    status, text = failed.status, str(failed)
    said = _said(text, endpoint)
    code = f" {status}" if status else ""
    message = f"{endpoint.model} answered{code}: {said}" if status else f"{endpoint.model} cannot be reached: {said}"
    if status in (400, 413, 422, 500) and TOO_LONG.search(text):
        return ContextTooLong(message)
    if status in (401, 403):
        return ModelError(f"{message} Is the key right, and for this address?", permanent=True)
    if status == 404:
        return ModelError(f"{message} Are the model's name and the address right?", permanent=True)
    if UNPAID.search(text):
        return ModelError(message, permanent=True)
    passing = status == 0 or status >= 500 or status in AGAIN
    return ModelError(message, permanent=not passing, retry_after_s=failed.retry_after_s)


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
