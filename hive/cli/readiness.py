"""Asks a running Hive whether it is ready, and which of its parts is not."""

from __future__ import annotations

import http.client
import json
import time
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from hive.cli.up.installation import host_name

PATIENCE_S = 5.0
LONGEST_ANSWER_BYTES = 256 * 1024


@dataclass(frozen=True)
class Part:
    """One thing that the web server looked at: database, broker, …"""

    name: str
    ok: bool
    latency_ms: float | None
    message: str


@dataclass(frozen=True)
class Readiness:
    """`status` is the HTTP status, or None where there was no answer; `message` says it in words."""

    ready: bool
    status: int | None
    took_ms: float
    message: str
    parts: tuple[Part, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def ask(url: str, patience_s: float = PATIENCE_S) -> Readiness:
    """What `url`/readyz answers; never raises."""
    address = urlsplit(url)
    began_at = time.monotonic()
    connection = http.client.HTTPConnection(address.hostname or "127.0.0.1", address.port or 80, timeout=patience_s)
    try:
        headers = {"Host": f"{host_name(address.hostname or '')}:{address.port}", "Accept": "application/json"}
        connection.request("GET", "/readyz", headers=headers)
        response = connection.getresponse()
        body = response.read(LONGEST_ANSWER_BYTES)
    except (OSError, http.client.HTTPException) as error:
        said = f"no answer ({error or type(error).__name__})"
        return Readiness(False, None, _ms_since(began_at), said)
    finally:
        connection.close()
    ready = response.status == 200
    return Readiness(ready, response.status, _ms_since(began_at), f"{response.status} {response.reason}", _parts(body))


def _ms_since(began_at: float) -> float:
    return round((time.monotonic() - began_at) * 1000, 1)


def _parts(body: bytes) -> tuple[Part, ...]:
    """From `{"parts": {name: {"ok": true, "latency_ms": 0.4, "message": ""}}}`; the rest is left out."""
    try:
        loaded = json.loads(body)["parts"]
        return tuple(_part(name, part) for name, part in loaded.items())
    except (ValueError, LookupError, TypeError, AttributeError):
        return ()


def _part(name: str, part: dict[str, Any]) -> Part:
    took_ms = part.get("latency_ms")
    return Part(name, bool(part["ok"]), float(took_ms) if took_ms is not None else None, str(part.get("message", "")))
