"""check(): is this page there, now? check_within(): will it be there within so many seconds?"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import httpx

from workers.probe.address import Address
from workers.probe.reach import reach

BODY_LIMIT_BYTES = 1024 * 1024
EXCERPT_CHARS = 500
REDIRECTS = 5
HOST_HEADER = "hive-host"  # set by Hive's own front where no release answers behind it; its value says why
FIRST_WAIT_S = 0.05
LONGEST_WAIT_S = 1.0


@dataclass(frozen=True)
class CheckResult:
    """What one check saw. `status` is None where no answer came; `message` is a sentence for the reader either way."""

    ok: bool
    url: str
    status: int | None
    took_ms: float
    message: str
    at: datetime
    excerpt: str = ""  # start of the body: evidence for an incident
    tries: int = 1


class GivenUp(Exception):
    """Waiting is pointless; the sentence says why."""


class _Failed(Exception):
    """The answer is not the one asked for; the sentence says why."""


def check(
    url: str, *, address: Address, status: int | None = 200, contains: str = "", timeout_s: float = 5.0
) -> CheckResult:
    """Ask for `url` at `address`; passed if the answer has `status` (None: any 2xx) and `contains` in its body.

    Redirects are followed as long as they stay on the host and port of `url`, at most five, and not at all where a
    redirect is what `status` asks for. The first MiB of the body is searched. `timeout_s` bounds it all: a server that
    sends a byte a second does not hold it up. Never raises for what the other side does.
    """
    return asyncio.run(_check(url, address, status, contains, timeout_s))


def check_within(
    url: str,
    *,
    address: Callable[[], Address | None],
    within_s: float,
    status: int | None = 200,
    contains: str = "",
    timeout_s: float = 5.0,
) -> CheckResult:
    """The first check that passes, or the last one when `within_s` is over.

    `address` is asked before each check, because a release that is restarted meanwhile listens elsewhere: None if it
    has no address yet, GivenUp("It exited with 1.") to end the waiting.
    """
    deadline = time.monotonic() + within_s
    wait_s, tries = FIRST_WAIT_S, 0
    result = _not_checked(url)
    while True:
        try:
            where = address()
        except GivenUp as why:
            return replace(result, message=f"{why} {result.message}".strip())
        if where:
            left_s = max(0.1, deadline - time.monotonic())
            result = check(url, address=where, status=status, contains=contains, timeout_s=min(timeout_s, left_s))
            tries += 1
            result = replace(result, tries=tries)
        if result.ok:
            return result
        if time.monotonic() + wait_s > deadline:
            return replace(result, message=f"{result.message} Tried {tries} times in {within_s:g} s.".strip())
        time.sleep(wait_s)
        wait_s = min(wait_s * 1.5, LONGEST_WAIT_S)


def _not_checked(url: str) -> CheckResult:
    return CheckResult(False, url, None, 0.0, "", datetime.now(UTC), tries=0)


async def _check(url: str, address: Address, status: int | None, contains: str, timeout_s: float) -> CheckResult:
    began, at = time.perf_counter(), datetime.now(UTC)
    seen: int | None = None
    excerpt = ""
    try:
        async with asyncio.timeout(timeout_s), reach(address) as client:
            response, body = await _fetch(client, url, status)
            seen, excerpt = response.status_code, body[:EXCERPT_CHARS]
            message = _judge(response, body, status, contains)
            ok = True
    except _Failed as failure:
        ok, message = False, str(failure)
    except TimeoutError:
        ok, message = False, f"No full answer within {timeout_s:g} s."
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, OSError) as error:
        ok, message = False, f"No answer: {str(error) or type(error).__name__}."
    took_ms = round((time.perf_counter() - began) * 1000, 1)
    return CheckResult(ok, url, seen, took_ms, message, at, excerpt)


async def _fetch(client: httpx.AsyncClient, url: str, status: int | None) -> tuple[httpx.Response, str]:
    """The answer after the redirects that may be followed, and the start of its body."""
    first = target = httpx.URL(url)
    for _ in range(REDIRECTS + 1):
        async with client.stream("GET", target, timeout=None) as response:
            body = await _read(response)
        following = _following(response, target)
        if following is None or response.status_code == status:
            return response, body
        if _place(following) != _place(first):
            return response, body
        target = following
    raise _Failed(f"More than {REDIRECTS} redirects, the last one to {target}.")


def _following(response: httpx.Response, target: httpx.URL) -> httpx.URL | None:
    if not response.has_redirect_location:
        return None
    return target.join(response.headers["location"])


def _place(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or 80


async def _read(response: httpx.Response) -> str:
    body = bytearray()
    async for chunk in response.aiter_raw(65536):
        body += chunk
        if len(body) >= BODY_LIMIT_BYTES:
            break
    encoding = response.charset_encoding or "utf-8"
    try:
        return bytes(body[:BODY_LIMIT_BYTES]).decode(encoding, errors="replace")
    except LookupError:  # a charset that nobody has heard of
        return bytes(body[:BODY_LIMIT_BYTES]).decode(errors="replace")


def _judge(response: httpx.Response, body: str, status: int | None, contains: str) -> str:
    """The sentence for a passed check; raises _Failed with the one for a failed check."""
    seen = response.status_code
    if why := response.headers.get(HOST_HEADER):
        raise _Failed(f"Hive's own front answered {seen}, not the release: {why}.")
    if seen != status if status is not None else not 200 <= seen < 300:
        asked = status if status is not None else "a 2xx status"
        elsewhere = f" It points to {response.headers['location']:.200}." if response.has_redirect_location else ""
        raise _Failed(f"Answered {seen}; asked for {asked}.{elsewhere}")
    if contains and contains not in body:
        raise _Failed(f"Answered {seen}, but {contains!r:.200} is not in the first {len(body)} characters.")
    return f"Answered {seen}" + (f" with {contains!r}." if contains else ".")
