"""Django under uvicorn: views in threads that are kept, streams in the loop, bodies of a bounded size."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import override_settings
from django.urls import path

from apps.events.stream import Pool
from hive import handler
from hive.asgi import largest_body, too_large
from hive.handler import Handler, in_threads

seen: list[Any] = []


def plain(request: HttpRequest) -> HttpResponse:
    response = HttpResponse(
        f"{request.method} {request.GET.get('q')} {len(request.body)} {threading.current_thread().name}"
    )
    response.set_cookie("a", "b")
    return response


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a bug")


def pieces(request: HttpRequest) -> StreamingHttpResponse:
    def made() -> Iterator[bytes]:
        for number in range(3):
            seen.append(threading.current_thread().name)
            yield f"{number} ".encode()

    return StreamingHttpResponse(made())


def live(request: HttpRequest) -> StreamingHttpResponse:
    async def made() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"tick "
                await asyncio.sleep(0.01)
        finally:
            seen.append("left")

    return StreamingHttpResponse(made())


urlpatterns = [path("plain", plain), path("broken", broken), path("pieces", pieces), path("live", live)]


class Client:
    """Speaks ASGI to the handler. Goes away after `leaves_after` pieces, where that is given."""

    def __init__(self, leaves_after: int | None = None, handler: Handler | None = None) -> None:
        self.leaves_after = leaves_after
        self.handler = handler or Handler(Pool("web-test", 2), largest_body, too_large)
        self.sent: list[dict[str, Any]] = []
        self.left = asyncio.Event()

    async def ask(self, target: str, body: list[bytes] | None = None, headers: dict[str, str] | None = None) -> None:
        address, _, query = target.partition("?")
        lines = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
        scope = {
            "type": "http", "method": "POST" if body else "GET", "path": address, "raw_path": address.encode(),
            "query_string": query.encode(), "headers": [(b"host", b"localhost"), *lines], "root_path": "",
            "client": ("127.0.0.1", 5), "server": ("127.0.0.1", 80), "scheme": "http", "http_version": "1.1",
        }  # fmt: skip
        waiting = [{"type": "http.request", "body": piece, "more_body": True} for piece in body or []]
        waiting.append({"type": "http.request", "body": b"", "more_body": False})

        async def receive() -> dict[str, Any]:
            if waiting:
                return waiting.pop(0)
            await self.left.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            self.sent.append(message)
            if self.leaves_after is not None and len(self.sent) > self.leaves_after:
                self.left.set()

        async with asyncio.timeout(20):
            await self.handler(scope, receive, send)

    @property
    def status(self) -> int:
        return self.sent[0]["status"]

    @property
    def content(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)


@pytest.fixture
def ask(settings: Any) -> Iterator[Callable[..., Client]]:
    def call(*args: Any, leaves_after: int | None = None, **kwargs: Any) -> Client:
        async def run() -> Client:
            client = Client(leaves_after)
            await client.ask(*args, **kwargs)
            return client

        return asyncio.run(run())

    seen.clear()
    with override_settings(ROOT_URLCONF=__name__):
        yield call


def test_a_view_answers_in_one_of_the_pools_threads(ask: Callable[..., Client]) -> None:
    client = ask("/plain?q=a%20b")
    assert (client.status, client.content[:11]) == (200, b"GET a b 0 w")
    assert b"web-test_" in client.content
    assert (b"Set-Cookie", b"a=b; Path=/") in client.sent[0]["headers"]


def test_a_body_arrives_whole(ask: Callable[..., Client]) -> None:
    assert ask("/plain", [b"x" * 70_000] * 20).status == 403  # read up to the CSRF check, which is at work
    with override_settings(MIDDLEWARE=[]):
        assert b" 1400000 " in ask("/plain", [b"x" * 70_000] * 20).content


@pytest.mark.parametrize("headers", [{}, {"Content-Length": str(9_000_000)}, {"Content-Length": "9" * 30}])
def test_a_body_that_is_too_large_is_refused_whether_it_says_so_or_not(
    ask: Callable[..., Client], headers: dict[str, str]
) -> None:
    client = ask("/api/v1/runs", [b"x" * 1_000_000] * 9, headers=headers)
    assert client.status == 413
    assert b'"code": "too_large"' in client.content
    assert (b"Connection", b"close") in client.sent[0]["headers"]


def test_a_body_without_end_is_not_read_to_its_end(ask: Callable[..., Client], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "DRAINED_BYTES", 10_000_000)
    body = [b"x" * 1_000_000] * 50
    client = ask("/plain", body)
    assert (client.status, client.content[:25]) == (413, b"The body of this request ")


def test_a_client_that_leaves_before_its_request_is_complete_gets_nothing(ask: Callable[..., Client]) -> None:
    async def run() -> list[dict[str, Any]]:
        client = Client()
        client.left.set()

        async def receive() -> dict[str, Any]:
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            client.sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/plain", "headers": []}
        await Handler(Pool("web-test", 1), largest_body, too_large)(scope, receive, send)
        return client.sent

    assert asyncio.run(run()) == []


def test_a_bug_is_an_answer_of_500(ask: Callable[..., Client]) -> None:
    assert ask("/broken").status == 500


def test_an_iterator_is_read_in_threads_piece_by_piece(ask: Callable[..., Client]) -> None:
    client = ask("/pieces")
    assert client.content == b"0 1 2 "
    assert len(client.sent) == 5
    assert all(name.startswith("web-test") for name in seen)


def test_a_stream_ends_when_its_client_leaves(ask: Callable[..., Client]) -> None:
    client = ask("/live", leaves_after=5)
    assert client.content.startswith(b"tick tick tick ")
    assert seen == ["left"]


def test_an_iterator_that_nobody_reads_on_is_closed() -> None:
    def made() -> Iterator[bytes]:
        try:
            yield b"1"
            yield b"2"
        finally:
            seen.append("closed")

    async def run() -> bytes:
        reading = in_threads(Pool("web-test", 1), made())
        first = await anext(reading)
        await reading.aclose()  # type: ignore[attr-defined]
        return first

    seen.clear()
    assert (asyncio.run(run()), seen) == (b"1", ["closed"])


def test_only_a_link_to_put_opens_the_door_for_more() -> None:
    from apps.artifacts.store import links

    put = links.sign(links.Permit("put", "a", 60, size_bytes=10**10)).url
    get = links.sign(links.Permit("get", "a", 60)).url
    sizes = [largest_body({"method": "PUT", "path": path}) for path in (put, get, put + "x", "/api/v1/runs")]
    assert sizes == [10**10, 8388608, 8388608, 8388608]


def test_who_asks_whether_it_lives_is_answered_while_all_others_wait() -> None:
    """Every thread of the pages hangs, as on a database that does."""
    stuck, pages = threading.Event(), Pool("web-test", 1)
    pages.submit(stuck.wait)
    with override_settings(ROOT_URLCONF=__name__):
        client = Client(handler=Handler(pages, largest_body, too_large, {"/plain": Pool("apart-test", 1)}))
        try:
            asyncio.run(client.ask("/plain"))
        finally:
            stuck.set()
    assert b"apart-test_0" in client.content
