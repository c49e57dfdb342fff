"""Hive's CI over HTTP, with Python's own client. What may be asked twice is asked again when the connection breaks."""

from __future__ import annotations

import json
import secrets
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

TIMEOUT_S = 60.0
TRIES = 5
PIECE_BYTES = 256 * 1024
AGENT = "hive-ci"


class CannotAsk(Exception):
    """Hive does not answer, or says no. `status` is 0 where nothing answered."""

    def __init__(self, message: str, status: int = 0, problem: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.problem = problem or {}


@dataclass(frozen=True)
class Event:
    id: str
    name: str
    data: Any


class Client:
    """One Hive. `patience_s`: how long it may be away before asking is given up."""

    def __init__(self, url: str, key: str, patience_s: float = 120.0) -> None:
        if not url.startswith(("http://", "https://")):
            raise CannotAsk(f"{url!r} is not the address of a Hive: write https://….")
        self.url = url.rstrip("/")
        self._key = key
        self._patience_s = patience_s

    def get(self, path: str, **params: Any) -> Any:
        query = urllib.parse.urlencode(params)
        return self._patient(lambda: self._ask("GET", f"{self.url}/api/v1/{path}" + (f"?{query}" if query else "")))

    def post(self, path: str) -> Any:
        return self._patient(lambda: self._ask("POST", f"{self.url}/api/v1/{path}", b"{}", "application/json"))

    def submit(self, fields: dict[str, str], package: BinaryIO | None, size_bytes: int) -> Any:
        """Send a form. Its Idempotency-Key makes it safe to send again when the answer was lost."""
        once = {"Idempotency-Key": secrets.token_hex(16)}

        def send() -> Any:
            form = _Form(fields, package, size_bytes)
            address = f"{self.url}/api/v1/ci/jobs"
            return self._ask("POST", address, form, form.content_type, {**once, "Content-Length": str(form.size_bytes)})

        return self._patient(send)

    def pages(self, path: str) -> Iterator[Any]:
        page = self.get(path, page_size=100)
        number = 1
        while True:
            yield from page["results"]
            if not page["next"]:
                return
            number += 1
            page = self.get(path, page_size=100, page=number)

    def log(self, job: int) -> Iterator[str]:
        """A job's output from its beginning to its end, each piece once, also over broken connections."""
        position, heard = "0", time.monotonic()
        while True:
            try:
                for event in self._events(f"{self.url}/api/v1/jobs/{job}/log/stream", position):
                    heard = time.monotonic()
                    if event.name == "end":
                        return
                    position = event.id or position
                    yield event.data["text"]
            except CannotAsk as error:
                if 400 <= error.status < 500 and error.status != 429:
                    raise
                self._wait(heard, error)
            except OSError as error:
                self._wait(heard, CannotAsk(f"Hive at {self.url} does not answer: {error}"))
            time.sleep(0.5)

    def download(self, url: str) -> Iterator[bytes]:
        """A link that needs no key, and gets none: it may lead to another server."""
        try:
            with urllib.request.urlopen(_request("GET", url), timeout=TIMEOUT_S) as response:  # noqa: S310 - checked
                while piece := response.read(PIECE_BYTES):
                    yield piece
        except (urllib.error.URLError, OSError) as error:
            raise CannotAsk(f"A file could not be downloaded: {error}") from None

    def _events(self, url: str, position: str) -> Iterator[Event]:
        headers = {"Accept": "text/event-stream", "Last-Event-ID": position}
        with self._open(self._authorized("GET", url, None, "", headers)) as response:
            yield from parse(line.decode("utf-8", "replace").rstrip("\r\n") for line in response)

    def _ask(
        self, method: str, url: str, body: Any = None, kind: str = "", headers: dict[str, str] | None = None
    ) -> Any:
        with self._open(self._authorized(method, url, body, kind, headers or {})) as response:
            try:
                return json.loads(response.read())
            except ValueError:
                raise CannotAsk(f"{self.url} does not answer as a Hive does. Is the address right?", 400) from None

    def _authorized(
        self, method: str, url: str, body: Any, kind: str, headers: dict[str, str]
    ) -> urllib.request.Request:
        request = _request(method, url, body, {**headers, **({"Content-Type": kind} if kind else {})})
        request.add_unredirected_header("Authorization", f"Api-Key {self._key}")
        return request

    def _open(self, request: urllib.request.Request) -> Any:
        try:
            return urllib.request.urlopen(request, timeout=TIMEOUT_S)  # noqa: S310 - http(s), checked at the beginning
        except urllib.error.HTTPError as error:
            with error:
                raise _refusal(error) from None
        except urllib.error.URLError as error:
            raise CannotAsk(f"Hive at {self.url} does not answer: {error.reason}") from None
        except OSError as error:
            raise CannotAsk(f"Hive at {self.url} does not answer: {error}") from None

    def _patient(self, ask: Any) -> Any:
        """Again and again while Hive is away or busy; at once out with what it refuses."""
        began, tries = time.monotonic(), 0
        while True:
            try:
                return ask()
            except CannotAsk as error:
                if 400 <= error.status < 500 and error.status != 429:
                    raise
                self._wait(began, error)
            tries += 1
            time.sleep(min(0.5 * 2**tries, 10.0) * (0.5 + secrets.randbelow(1000) / 1000))

    def _wait(self, since: float, error: CannotAsk) -> None:
        if time.monotonic() - since > self._patience_s:
            raise error


def _request(method: str, url: str, body: Any = None, headers: dict[str, str] | None = None) -> urllib.request.Request:
    if not url.startswith(("http://", "https://")):
        raise CannotAsk(f"{url[:200]!r} is not an address that is fetched.", 400)
    return urllib.request.Request(  # noqa: S310 - http(s) alone, checked above
        url, data=body, method=method, headers={"User-Agent": AGENT, **(headers or {})}
    )


def _refusal(error: urllib.error.HTTPError) -> CannotAsk:
    try:
        problem = json.loads(error.read(1024 * 1024))
    except (ValueError, OSError):
        problem = {}
    if not isinstance(problem, dict):
        problem = {}
    said = str(problem.get("detail") or f"Hive answered {error.code} {error.reason}.")
    for one in problem.get("problems", [])[:50]:
        where = ":".join(str(one[key]) for key in ("line", "column") if one.get(key)) or one.get("path", "")
        said += f"\n  {where}: {one.get('message', '')} {one.get('hint', '')}".rstrip()
    return CannotAsk(said, error.code, problem)


def parse(lines: Iterable[str]) -> Iterator[Event]:
    """Server-sent events; comments and unknown fields are passed over."""
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            value = value[1:] if value.startswith(" ") else value
            fields[name] = f"{fields[name]}\n{value}" if name == "data" and name in fields else value
            continue
        if "data" in fields:
            yield Event(fields.get("id", ""), fields.get("event", ""), json.loads(fields["data"]))
        fields = {}


class _Form:
    """A form whose package is read from its file as it is sent."""

    def __init__(self, fields: dict[str, str], package: BinaryIO | None, size_bytes: int) -> None:
        border = secrets.token_hex(16)
        self.content_type = f"multipart/form-data; boundary={border}"
        head = ""
        for name, value in fields.items():
            head += f'--{border}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        if package is not None:
            head += f'--{border}\r\nContent-Disposition: form-data; name="package"; filename="package.tar.gz"\r\n'
            head += "Content-Type: application/gzip\r\n\r\n"
        self._head = head.encode()
        self._tail = f"\r\n--{border}--\r\n".encode() if package is not None else f"--{border}--\r\n".encode()
        self._package = package
        self.size_bytes = len(self._head) + size_bytes + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        if self._package is not None:
            self._package.seek(0)
            while piece := self._package.read(PIECE_BYTES):
                yield piece
        yield self._tail
