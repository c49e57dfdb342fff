"""Takes a request for `http://devsite:8080/…` to the place where that release listens, and to nowhere else.

The name of an environment means nothing to the machine's own resolver. So no name is looked up at all: whatever host
the URL names, the connection goes to the address that the caller gives. A spec or a page cannot make Hive call
another machine this way.
"""

from __future__ import annotations

import httpx

from workers.probe.address import Address


class ReleaseTransport(httpx.AsyncBaseTransport):
    """Connects every request to one address. The Host header stays that of the URL."""

    def __init__(self, address: Address) -> None:
        self._address = address
        uds = address[1] if address[0] == "unix" else None
        # verify=False: only http is spoken here, and loading certificates would cost each check 20 ms.
        self._transport = httpx.AsyncHTTPTransport(uds=uds, verify=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.scheme != "http":
            raise httpx.UnsupportedProtocol(f"{request.url.scheme} is not spoken by releases; use http.")
        if self._address[0] == "tcp":
            request.url = request.url.copy_with(host=self._address[1], port=self._address[2])
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        await self._transport.aclose()


def reach(address: Address) -> httpx.AsyncClient:
    """A client whose every request ends at `address`. It follows no redirect and reads no proxy settings."""
    return httpx.AsyncClient(
        transport=ReleaseTransport(address),
        trust_env=False,
        follow_redirects=False,
        # identity: a few kilobytes that unpack to gigabytes must not fill the prober's memory.
        headers={"User-Agent": "Hive probe", "Accept-Encoding": "identity"},
    )
