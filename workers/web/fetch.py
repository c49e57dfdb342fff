"""Fetch one page: bounded in size, time and redirects, every hop checked."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urljoin, urlsplit

import httpcore

from workers.web.guard import Forbidden, GuardedNetwork, pool

LIMIT_BYTES = 2 * 1024 * 1024
TIMEOUT_S = 30.0
REDIRECTS = 5
AGENT = "Hive (+self-hosted)"
MOVED = (301, 302, 303, 307, 308)
KEEPS_METHOD = (307, 308)


class FetchFailed(Exception):
    """The page could not be had; the message says why."""


@dataclass(frozen=True)
class Page:
    """What was answered. `cut`: there was more than the limit; `url` is the last one of the redirects."""

    url: str
    status: int
    content_type: str
    body: bytes
    cut: bool


@dataclass(frozen=True)
class Limits:
    size_bytes: int = LIMIT_BYTES
    timeout_s: float = TIMEOUT_S  # of everything together, redirects included


class Web:
    """Pages by HTTP and HTTPS. Thread-safe; close it."""

    def __init__(self, network: GuardedNetwork | None = None, context: ssl.SSLContext | None = None) -> None:
        self._pool = pool(network or GuardedNetwork(), context or ssl.create_default_context())

    def close(self) -> None:
        self._pool.close()

    def fetch(
        self,
        url: str,
        *,
        method: str = "GET",
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        limits: Limits | None = None,
    ) -> Page:
        """Raises FetchFailed: an address that may not be reached, too many redirects, no answer in time."""
        held = bytearray()
        page = self.download(url, held.extend, method=method, body=body, headers=headers, limits=limits)
        return replace(page, body=bytes(held))

    def download(
        self,
        url: str,
        write: Callable[[bytes], object],
        *,
        method: str = "GET",
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        limits: Limits | None = None,
    ) -> Page:
        """The same for what is too large to hold: the body goes to `write`, piece by piece; the page has none."""
        bounds = limits or Limits()
        until = time.monotonic() + bounds.timeout_s
        for _ in range(REDIRECTS + 1):
            _check(url)
            page, location = self._hop(url, method, body, dict(headers or {}), bounds, until, write)
            if not location:
                return page
            before, url = url, urljoin(url, location)
            if page.status not in KEEPS_METHOD:
                method, body = "GET", b""
            if urlsplit(before).netloc != urlsplit(url).netloc:
                headers = None  # what was meant for one server is not for another
        raise FetchFailed(f"{url}: more than {REDIRECTS} redirects.")

    def _hop(
        self,
        url: str,
        method: str,
        body: bytes,
        headers: dict[str, str],
        limits: Limits,
        until: float,
        write: Callable[[bytes], object],
    ) -> tuple[Page, str]:
        sent = {"User-Agent": AGENT, "Accept-Encoding": "identity", **headers}
        left = max(until - time.monotonic(), 0.001)
        timeout = {"timeout": {"connect": left, "read": left, "write": left, "pool": left}}
        try:
            with self._pool.stream(method, url, headers=list(sent.items()), content=body, extensions=timeout) as answer:
                said = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
                location = said.get("location", "") if answer.status in MOVED else ""
                cut = _read(answer.iter_stream(), 0 if location else limits.size_bytes, until, write)
        except Forbidden as error:
            raise FetchFailed(str(error)) from error
        except (httpcore.TimeoutException, TimeoutError) as error:
            raise FetchFailed(f"{url} did not answer within {limits.timeout_s:g} s.") from error
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            raise FetchFailed(f"{url} cannot be reached: {error}") from error
        return Page(url, answer.status, said.get("content-type", ""), b"", cut), location


def _read(pieces: Iterator[bytes], limit: int, until: float, write: Callable[[bytes], object]) -> bool:
    """At most `limit` bytes; whether there are more. A server that sends a byte a minute is as late as a silent one."""
    left = limit
    for piece in pieces:
        if piece[:left]:
            write(piece[:left])
        left -= len(piece)
        if left < 0:
            return True
        if time.monotonic() > until:
            raise TimeoutError
    return False


def _check(url: str) -> None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise FetchFailed(f"{url[:200]!r} is not an address: {error}.") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise FetchFailed(f"{url[:200]!r} is not a web address: use http://… or https://….")
    if parts.username is not None or parts.password is not None:
        raise FetchFailed(
            "An address with a name or password in it is not fetched: secrets do not belong into addresses."
        )
    if port == 0:
        raise FetchFailed(f"{url[:200]!r}: port 0 is none.")
