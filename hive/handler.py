"""Handler: Django under uvicorn. Views run in a few threads that keep their database connections; what is streamed
runs in the event loop.

Django's own ASGI handler gives each request a thread of its own, and with it a new database connection, and keeps that
thread as long as the answer lasts: an open stream would hold both for hours. docs/decisions.md has the numbers.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.core import signals
from django.core.handlers.asgi import ASGIHandler, ASGIRequest, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix

from apps.api.later import Later
from apps.events.stream import Pool

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

DRAINED_BYTES = 64 * 1024 * 1024  # of a body that is too large: a client that still sends would not hear the answer
IN_MEMORY_BYTES = 1024 * 1024
CHUNK_BYTES = 64 * 1024


class ClientGone(Exception):
    """The client closed the connection before its request was complete."""


class Handler(BaseHandler):
    """An ASGI application.

    `limit` says how large the body of a request may be, `refuse` what is answered to a larger one. What is asked at one
    of the `apart` addresses runs in threads of its own: it is answered also while all others wait for a database. How
    large what is sent to one of the `larger` addresses may be is asked there, in a thread: it may need the database.
    """

    request_class = ASGIRequest

    def __init__(
        self,
        pool: Pool,
        limit: Callable[[Scope], int],
        refuse: Callable[[Scope, int], HttpResponse],
        apart: Mapping[str, Pool] = MappingProxyType({}),
        larger: Mapping[str, Callable[[Scope], int]] = MappingProxyType({}),
    ) -> None:
        super().__init__()
        self._pool = pool
        self._apart = apart
        self._limit = limit
        self._refuse = refuse
        self._larger = larger
        self.load_middleware(is_async=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise ValueError(f"Hive answers HTTP only, not {scope['type']}.")
        limit = self._limit(scope)
        if scope["method"] == "POST" and (ask := self._larger.get(scope["path"])):
            limit = await self._pool.run(ask, scope)
        try:
            body = await read_body(scope, receive, limit)
        except ClientGone:
            return
        if body is None:
            await _send_whole(self._refuse(scope, limit), send)
            return
        with body:
            pool = self._apart.get(scope["path"], self._pool)
            response: HttpResponseBase | None = await pool.run(self._respond, scope, body)
            if isinstance(response, Later):
                later, response = response, await _unless_gone(response.answer(), receive)
                if response is None and later.gone:
                    later.gone()
            if response is None:
                return
            if response.streaming:
                await self._send_stream(response, receive, send)
            else:
                await _send_whole(response, send)

    def _respond(self, scope: Scope, body: BinaryIO) -> HttpResponseBase:
        """In a thread: everything that views and middleware do. What is streamed is closed when it was sent."""
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=type(self), scope=scope)
        request, refused = ASGIHandler.create_request(cast(Any, self), scope, body)
        response = self.get_response(request) if request is not None else cast(HttpResponseBase, refused)
        if not response.streaming:
            response.close()
        return response

    async def _send_stream(self, response: Any, receive: Receive, send: Send) -> None:
        """Send piece by piece, as fast as the client takes them; stop at once when it goes away."""
        sending = asyncio.create_task(self._send_pieces(response, send))
        leaving = asyncio.create_task(cast(Any, receive()))  # after the body, the only message is that it left
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            sending.cancel()
            results = await asyncio.gather(sending, leaving, return_exceptions=True)
            self._pool.submit(response.close)
        if isinstance(results[0], Exception):
            raise results[0]

    async def _send_pieces(self, response: Any, send: Send) -> None:
        await send(_start(response))
        content = response.streaming_content
        pieces = aiter(content) if response.is_async else in_threads(self._pool, iter(content))
        async with contextlib.aclosing(cast(Any, pieces)):
            async for piece in pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body"})


async def _unless_gone(answer: Awaitable[HttpResponse], receive: Receive) -> HttpResponse | None:
    """The answer, as soon as there is one; None, and the waiting for it is canceled, where the client has left."""
    waiting = asyncio.ensure_future(answer)
    leaving = asyncio.create_task(cast(Any, receive()))
    try:
        await asyncio.wait({waiting, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return waiting.result() if waiting.done() else None
    finally:
        leaving.cancel()
        waiting.cancel()
        await asyncio.gather(waiting, leaving, return_exceptions=True)


async def in_threads(pool: Pool, pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The same pieces, each made in one of the pool's threads."""
    end: Any = object()
    try:
        while (piece := await pool.run(next, pieces, end)) is not end:
            yield piece
    finally:
        with contextlib.suppress(
            AttributeError, ValueError
        ):  # ValueError: a thread is just reading; it lets go by itself
            pieces.close()  # type: ignore[attr-defined]


async def read_body(scope: Scope, receive: Receive, limit: int) -> BinaryIO | None:
    """The request's body as a file; None if it is larger than the limit. Raises ClientGone."""
    small = limit <= settings.API_MAX_BODY_BYTES
    body = cast(BinaryIO, io.BytesIO() if small else tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES))  # noqa: SIM115
    size_bytes, more = 0, declared_bytes(scope) <= max(limit, DRAINED_BYTES)
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            body.close()
            raise ClientGone
        piece, more = message.get("body", b""), message.get("more_body", False)
        size_bytes += len(piece)
        if size_bytes <= limit:
            body.write(piece)
        elif size_bytes > max(limit, DRAINED_BYTES):
            break
    if more or max(size_bytes, declared_bytes(scope)) > limit:
        body.close()
        return None
    body.seek(0)
    return body


def declared_bytes(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:19])
    return 0


def _start(response: HttpResponseBase) -> dict[str, Any]:
    headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in response.items()]
    cookies = [
        (b"Set-Cookie", cookie.output(header="").encode("ascii").strip()) for cookie in response.cookies.values()
    ]
    return {"type": "http.response.start", "status": response.status_code, "headers": headers + cookies}


async def _send_whole(response: Any, send: Send) -> None:
    if response.status_code == 413:  # made outside the middleware, which sets the length of all others
        response["Content-Length"] = str(len(response.content))
    await send(_start(response))
    await send({"type": "http.response.body", "body": response.content})
