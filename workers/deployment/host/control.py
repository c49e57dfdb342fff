"""The verbs, over a unix socket: one JSON object per line each way.

    {"verb": "start", "release", "files", "argv", "log", "env", "port", "limits", "sandbox"}
    {"verb": "stop", "release", "grace_s", "drain_s"}       {"verb": "restart", "release", "launches"}
    {"verb": "route", "environment", "release", "generation", "port"}
    {"verb": "list"}    {"verb": "logs", "release", "limit_bytes"}    {"verb": "forget", "release"}

An answer is {"ok": true, "value": …} or {"ok": false, "error": {"code", "message"}}. A client that goes away does not
stop the verb it asked for: it may ask again and gets the same.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from workers.deployment.host.errors import BadRequest, HostError, HostFailed
from workers.deployment.host.plan import NAME, Plan, require
from workers.deployment.host.views import HostView, ReleaseView, RouteView, as_json

LINE_BYTES = 1024 * 1024
TAIL_BYTES = 256 * 1024
GRACE_S = 5.0

log = logging.getLogger("hive.host")

Message = Mapping[str, Any]


class Host(Protocol):
    """What the verbs act on; daemon.py has it."""

    async def start(self, plan: Plan) -> ReleaseView: ...
    async def stop(self, release: str, grace_s: float, drain_s: float) -> ReleaseView: ...
    async def restart(self, release: str, launches: int | None, grace_s: float) -> ReleaseView: ...
    async def route(self, environment: str, release: str | None, generation: int, port: int | None) -> RouteView: ...
    async def forget(self, release: str) -> None: ...
    def logs(self, release: str, limit_bytes: int) -> bytes: ...
    def list(self) -> HostView: ...


class Control:
    """Listens, and turns messages into calls."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._server: asyncio.Server | None = None
        self._verbs: dict[str, Callable[[Message], Awaitable[Any]]] = {
            "start": self._start,
            "stop": self._stop,
            "restart": self._restart,
            "route": self._route,
            "list": self._list,
            "logs": self._logs,
            "forget": self._forget,
        }

    async def open(self, path: Path) -> None:
        """Listen at `path`. The caller holds the home's lock, so a socket that lies there is a dead host's."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(os.fspath(path))
        # Before it listens, so at no moment may anybody else connect. An umask would do it in one step, and would
        # also hit the folders of a sandbox that a thread makes just now.
        path.chmod(0o600)
        self._server = await asyncio.start_unix_server(self._serve, sock=listener, limit=LINE_BYTES)

    def close(self) -> None:
        if self._server:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await self.answer(line)).encode() + b"\n")
                await writer.drain()
        except (OSError, ValueError) as error:  # the client went away, or sent a line without end
            log.debug("a client was dropped: %r", error)
        finally:
            writer.close()

    async def answer(self, line: bytes) -> dict[str, Any]:
        try:
            return {"ok": True, "value": await self._do(line)}
        except HostError as error:
            return {"ok": False, "error": {"code": error.code, "message": str(error)}}
        except Exception as error:  # a bug in one verb must not end the process that owns every release
            log.exception("a verb failed: %s", line[:200])
            return {"ok": False, "error": {"code": HostFailed.code, "message": f"The host failed: {error!r}."}}

    async def _do(self, line: bytes) -> Any:
        try:
            message = json.loads(line)
        except ValueError as error:
            raise BadRequest(f"Not a line of JSON: {error}.") from None
        verb = self._verbs.get(str(message.get("verb"))) if isinstance(message, dict) else None
        if verb is None:
            raise BadRequest(f"Name a verb: {', '.join(self._verbs)}.")
        return await verb({key: value for key, value in message.items() if key != "verb"})

    async def _start(self, message: Message) -> Any:
        return as_json(await self._host.start(Plan.read(message)))

    async def _stop(self, message: Message) -> Any:
        grace_s, drain_s = _seconds(message, "grace_s", GRACE_S), _seconds(message, "drain_s", 0)
        return as_json(await self._host.stop(_name(message, "release"), grace_s, drain_s))

    async def _restart(self, message: Message) -> Any:
        launches = message.get("launches")
        require(launches is None or type(launches) is int, "launches is a number or null")
        view = await self._host.restart(_name(message, "release"), launches, _seconds(message, "grace_s", GRACE_S))
        return as_json(view)

    async def _route(self, message: Message) -> Any:
        generation, port = message.get("generation"), message.get("port")
        require(type(generation) is int and generation >= 0, "generation is a number")
        require(port is None or (type(port) is int and 0 <= port < 65536), f"{port!r} is not a port")
        release = None if message.get("release") is None else _name(message, "release")
        environment = message.get("environment")
        require(isinstance(environment, str) and 0 < len(environment) <= 200, "environment is a name")
        return as_json(await self._host.route(str(environment), release, int(generation or 0), port))

    async def _list(self, _message: Message) -> Any:
        return as_json(self._host.list())

    async def _logs(self, message: Message) -> Any:
        limit = message.get("limit_bytes", TAIL_BYTES)
        require(type(limit) is int and limit >= 0, "limit_bytes is a number")
        data = self._host.logs(_name(message, "release"), min(limit, TAIL_BYTES))
        return base64.b64encode(data).decode()  # a log is bytes, and may be anything

    async def _forget(self, message: Message) -> Any:
        await self._host.forget(_name(message, "release"))


def _name(message: Message, key: str) -> str:
    value = message.get(key)
    require(isinstance(value, str) and NAME.fullmatch(value), f"{key}: {value!r} is not a release id")
    return str(value)


def _seconds(message: Message, key: str, default: float) -> float:
    value = message.get(key, default)
    require(type(value) in (int, float) and 0 <= value <= 600, f"{key} is a number of seconds, at most 600")
    return float(value)
