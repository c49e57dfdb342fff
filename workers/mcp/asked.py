"""The way to a server that is asked over HTTP: to checked addresses only, with its own headers, of a bounded size."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpcore2
import httpx2

from workers.mcp.library import streamable_http_client
from workers.mcp.port import Elsewhere, ServerFailed
from workers.web.guard import Forbidden, Resolve, check, resolve

MOST_BYTES = 8 * 1024 * 1024  # in one answer
CONNECT_S = 10.0
MOST_CONNECTIONS = 4
PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True)
class Network:
    """What the operator allows: `hosts` (name or name:port) may lie in private networks and be asked without TLS."""

    hosts: frozenset[str] = frozenset()
    resolve: Resolve = field(default=resolve, repr=False)

    def trusts(self, host: str, port: int) -> bool:
        return not self.hosts.isdisjoint((host, f"{host}:{port}", f"[{host}]:{port}"))


class Asked:
    """One such server."""

    def __init__(self, server: Elsewhere, network: Network) -> None:
        self.server, self._network = server, network
        self.why = ""  # what the way there said last

    def begin_call(self) -> None:
        self.why = ""

    def complaint(self) -> str:
        """What it wrote besides, which is nothing that can be seen from here."""
        return ""

    def note(self, why: str) -> str:
        self.why = why
        return why

    @contextlib.asynccontextmanager
    async def transport(self) -> AsyncIterator[tuple[Any, Any]]:
        """A transport of the SDK's. Raises ServerFailed for an address that Hive does not go to."""
        self.why = ""
        require_reachable(self.server.url, self._network)
        timeout = httpx2.Timeout(CONNECT_S, read=self.server.timeout_s + CONNECT_S)
        client = httpx2.AsyncClient(
            transport=_Way(self._network, self.note),
            headers={**self.server.headers, "Accept-Encoding": "identity", "User-Agent": "Hive"},
            timeout=timeout,
            trust_env=False,
            follow_redirects=False,
        )
        async with (
            client,
            streamable_http_client(self.server.url, http_client=client, max_sse_event_size=MOST_BYTES) as streams,
        ):
            yield streams


def require_reachable(url: str, network: Network) -> None:
    """Raises ServerFailed for what is no address of a server, or would show credentials to everybody on the way."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        host, port = "", 0
    if not host or not port or "@" in url.partition("://")[2].partition("/")[0]:
        raise ServerFailed("Its address is none: use https://…, without a name or a password in it.")
    if parts.scheme == "http" and not network.trusts(host, port):
        raise ServerFailed(
            f"Its address begins with http://, which shows everything to everybody on the way. Use https://, or let the"
            f" operator name {host}:{port} in HIVE_MCP_HOSTS."
        )


class _Guarded(httpcore2.AsyncNetworkBackend):
    """Resolves once, checks every address, and connects to what was checked."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._real = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        try:
            addresses = await anyio.to_thread.run_sync(self._network.resolve, host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError(f"{host} is not a known name ({error}).") from error
        if not self._network.trusts(host, port):
            try:
                check(host, addresses)
            except Forbidden as error:
                raise httpcore2.ConnectError(f"{error} The operator can name it in HIVE_MCP_HOSTS.") from error
        for address in addresses[:-1]:
            with contextlib.suppress(httpcore2.ConnectError, httpcore2.ConnectTimeout):
                return await self._real.connect_tcp(address, port, timeout, local_address, socket_options)
        return await self._real.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)

    async def connect_unix_socket(self, path: str, timeout: float | None = None, socket_options: Any = None) -> Any:
        raise httpcore2.ConnectError("Unix sockets are not part of the web.")

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)


class _Way(httpx2.AsyncBaseTransport):
    """Carries requests over the guarded network."""

    def __init__(self, network: Network, note: Callable[[str], str]) -> None:
        self._note = note
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(),
            network_backend=_Guarded(network),
            max_connections=MOST_CONNECTIONS,
            retries=0,
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        url = httpcore2.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        sent = httpcore2.Request(
            request.method, url, headers=request.headers.raw, content=request.stream, extensions=request.extensions
        )
        try:
            answer = await self._pool.handle_async_request(sent)
        except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException, OSError) as error:
            raise httpx2.ConnectError(self._note(str(error) or type(error).__name__)) from error
        if any(name.lower() == b"content-encoding" and value.lower() != b"identity" for name, value in answer.headers):
            await answer.aclose()
            raise httpx2.ReadError(self._note("It answered compressed, which it was asked not to."))
        if answer.status >= 300 and request.method == "POST":
            self._note(f"It answered {answer.status}.")
        return httpx2.Response(answer.status, headers=answer.headers, stream=_Bounded(answer, self._note))

    async def aclose(self) -> None:
        await self._pool.aclose()


class _Bounded(httpx2.AsyncByteStream):
    """A body, as long as it is not too much."""

    def __init__(self, answer: httpcore2.Response, note: Callable[[str], str]) -> None:
        self._answer, self._note = answer, note

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = MOST_BYTES
        async for piece in self._answer.aiter_stream():
            left -= len(piece)
            if left < 0:
                raise httpx2.ReadError(self._note(f"It answered more than {MOST_BYTES // 1024 // 1024} MiB."))
            yield piece

    async def aclose(self) -> None:
        await self._answer.aclose()
