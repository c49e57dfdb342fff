"""A live check of a provider that costs nothing: it is asked which models it has."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx

from apps.providers.configured import Configured

PATIENCE_S = 5.0
ANSWER_BYTES = 4 * 1024 * 1024
AT_ONCE = 8


@dataclass(frozen=True)
class Checked:
    """`ok` is None where Hive knows no way to ask this provider."""

    ok: bool | None
    message: str
    took_ms: int = 0


def check_all(providers: list[Configured]) -> list[Checked]:
    """Each of them, side by side."""
    if not providers:
        return []
    with ThreadPoolExecutor(min(AT_ONCE, len(providers))) as pool:
        return list(pool.map(check, providers))


def check(one: Configured) -> Checked:
    """Whether the address answers, takes the key, and has the model."""
    way = _way(one)
    if way is None:
        return Checked(None, f"Hive knows no way to look at {one.provider} without asking it for an answer.")
    url, headers = way
    began = time.monotonic()
    try:
        message = _ask(one, url, headers)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
        message = f"It does not answer: {_plain(error, one)}."
    return Checked(message == "", message or "It answers, and has the model.", round((time.monotonic() - began) * 1000))


def _way(one: Configured) -> tuple[str, dict[str, str]] | None:
    """The address of its list of models, and how the key is sent."""
    base = one.api_base.rstrip("/")
    bearer = {"Authorization": f"Bearer {one.api_key}"} if one.api_key else {}
    match one.provider:
        case "anthropic":
            base = (base or "https://api.anthropic.com").removesuffix("/v1/messages").removesuffix("/v1")
            return f"{base}/v1/models?limit=1000", {"x-api-key": one.api_key, "anthropic-version": "2023-06-01"}
        case "gemini":
            base = base or "https://generativelanguage.googleapis.com/v1beta"
            return f"{base}/models?pageSize=1000", {"x-goog-api-key": one.api_key}
        case "ollama" | "ollama_chat":
            return f"{base or 'http://localhost:11434'}/api/tags", bearer
        case "openai":
            return f"{base or 'https://api.openai.com/v1'}/models", bearer
    return (f"{base}/models", bearer) if base else None


def _ask(one: Configured, url: str, headers: dict[str, str]) -> str:
    """What is wrong; empty where nothing is."""
    with httpx.Client(timeout=PATIENCE_S, trust_env=False, follow_redirects=False) as client:  # noqa: SIM117
        with client.stream("GET", url, headers=headers) as response:
            body = bytearray()
            for piece in response.iter_bytes():
                body += piece
                if len(body) > ANSWER_BYTES:
                    return "It answers with more than a list of models."
    if response.status_code in (401, 403):
        return f"It refuses the key ({response.status_code})." if one.api_key else "It wants a key, and none is set."
    if response.status_code != 200:
        return f"It answers with {response.status_code} to the question which models it has. Is the address right?"
    known = _names(httpx.Response(200, content=bytes(body)).json())
    wanted = one.model.partition("/")[2]
    if known and not {wanted, f"{wanted}:latest"} & known:
        return f"It answers, but has no model {wanted}."
    return ""


def _names(answer: Any) -> set[str]:
    """The names in any of the four shapes; Gemini's begin with `models/`."""
    rows = (answer.get("data") or answer.get("models") or []) if isinstance(answer, dict) else []
    found = [str(row.get("id") or row.get("name") or "") for row in rows if isinstance(row, dict)]
    return {name.removeprefix("models/") for name in found if name}


def _plain(error: Exception, one: Configured) -> str:
    said = f"{type(error).__name__}: {error}"
    return said.replace(one.api_key, "[key]") if one.api_key else said
