"""Serves one folder over HTTP: `PORT=8080 python3 -I static_server.py FOLDER`, on 127.0.0.1 (BIND says otherwise).

A single file on the standard library, because it is copied into the release's sandbox, where nothing of Hive is.
It does GET and HEAD, index.html, the site's own 404.html, ETag with If-None-Match, and one byte range. It never lists
a folder, leaves it (`..`, links), shows a dot file (except `.well-known`), or reads a body. TERM ends it gently:
answers say `Connection: close` from then on, and it exits with the last connection, after LINGER_S at the latest.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":  # asyncio would load 4 MB of TLS that a release never uses
    sys.modules["ssl"] = None  # type: ignore[assignment]

import asyncio
import os
import re
import signal
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote, unquote

WHOLE_BYTES = 256 * 1024  # a file up to this is read at once, and its ETag comes from its content
CHUNK_BYTES = 128 * 1024
IDLE_S = 30.0
REST_S = 1.0  # after TERM, a connection at rest may bring one more request for this long
LINGER_S = 5.0
STARTED = f"{time.time_ns():x}"  # keeps the ETag of a large file apart from that of another release

_TYPES = """text/html html htm|text/css css|text/javascript js mjs|text/plain txt|text/markdown md|text/csv csv
    |application/json json map|application/manifest+json webmanifest|application/xml xml|application/rss+xml rss
    |application/atom+xml atom|application/pdf pdf|application/wasm wasm|font/woff woff|font/woff2 woff2|font/ttf ttf
    |image/svg+xml svg|image/png png|image/jpeg jpg jpeg|image/gif gif|image/webp webp|image/avif avif|image/x-icon ico
    |video/mp4 mp4|video/webm webm|audio/mpeg mp3|audio/ogg ogg|audio/wav wav"""
TYPES = {f".{suffix}": words[0] for words in map(str.split, _TYPES.split("|")) for suffix in words[1:]}
TEXTUAL = re.compile(r"text/|.*(json|xml)$")
ALWAYS = {
    "Cache-Control": "no-cache",  # a new release must be seen at once; the ETag makes asking again cheap
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Content-Security-Policy": "frame-ancestors 'self'; object-src 'none'; base-uri 'self'",
}


@dataclass(frozen=True)
class Request:
    target: str
    headers: dict[str, str]  # names in lower case
    keep_alive: bool


@dataclass(frozen=True)
class Reply:
    """`body`, or the bytes from `start` to `end` of `path`."""

    status: HTTPStatus
    headers: dict[str, str]
    body: bytes = b""
    path: Path | None = None
    start: int = 0
    end: int = 0

    def chunks(self) -> Iterator[bytes]:
        if self.path is None:
            yield self.body
            return
        with self.path.open("rb") as file:
            file.seek(self.start)
            for at in range(self.start, self.end, CHUNK_BYTES):
                yield file.read(min(CHUNK_BYTES, self.end - at))


class Refused(Exception):
    """The request gets this status instead of a file."""

    def __init__(self, status: HTTPStatus, **headers: str) -> None:
        super().__init__(status.phrase)
        self.reply = Reply(status, headers, f"{status.value} {status.phrase}\n".encode())


def parse(head: bytes) -> Request:
    first, *lines = head.decode("latin-1")[:-4].split("\r\n")
    match = re.fullmatch(r"([A-Z]+) (?:http://[^/ ]+)?(/\S*) HTTP/1\.([01])", first)
    pairs = [line.partition(":") for line in lines]
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    if not match or not all(colon and name == name.strip() for name, colon, _ in pairs):
        raise Refused(HTTPStatus.BAD_REQUEST)
    method, target, minor = match.groups()
    if minor == "1" and "host" not in headers:
        raise Refused(HTTPStatus.BAD_REQUEST)
    if method not in ("GET", "HEAD"):
        raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, Allow="GET, HEAD")
    wish = headers.get("connection", "").lower()
    # A body is never read, and its bytes must not be taken for the next request: end the connection instead.
    has_body = "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
    return Request(target, headers, not has_body and ("close" not in wish if minor == "1" else "keep" in wish))


class Folder:
    """Turns the target of a request into a file below the root, and into nothing else."""

    def __init__(self, root: Path) -> None:
        self.root = Path(os.path.realpath(root))

    def find(self, target: str) -> Path | str | None:
        """The file that the target names, or the address it has moved to (a folder named without its last slash)."""
        path, mark, query = target.partition("?")
        parts = [part for part in unquote(path).split("/") if part]
        if any("\0" in part or (part.startswith(".") and part != ".well-known") for part in parts):
            return None
        found = self._real(self.root.joinpath(*parts))
        if found is None or not found.is_dir():
            return None if path.endswith("/") else found
        index = self._real(found / "index.html")
        if index and not path.endswith("/"):
            # Built from the parts: `//elsewhere` sent back as it came would take the browser to another host.
            return "/" + "".join(quote(part) + "/" for part in parts) + mark + query
        return index

    def _real(self, path: Path) -> Path | None:
        """The path without links, if it exists and lies inside."""
        try:
            real = Path(os.path.realpath(path, strict=True))
        except OSError:
            return None
        return real if real.is_relative_to(self.root) else None

    def reply(self, request: Request) -> Reply:
        found = self.find(request.target)
        if isinstance(found, str):
            return Reply(HTTPStatus.MOVED_PERMANENTLY, {"Location": found})
        if found and found.is_file():
            return describe(request, found)
        page = self._real(self.root / "404.html")
        if page and page.is_file():
            return Reply(HTTPStatus.NOT_FOUND, {"Content-Type": "text/html; charset=utf-8"}, page.read_bytes())
        raise Refused(HTTPStatus.NOT_FOUND)


def describe(request: Request, path: Path) -> Reply:
    """All of the file, a part of it, or word that the reader has it already."""
    info = path.stat()
    small = info.st_size <= WHOLE_BYTES
    body = path.read_bytes() if small else b""
    size = len(body) if small else info.st_size
    digest = f"{zlib.crc32(body):08x}{zlib.adler32(body):08x}" if small else f"{info.st_mtime_ns:x}-{STARTED}"
    tag = f'"{digest}-{size:x}"'
    kind = TYPES.get(path.suffix.lower(), "application/octet-stream")
    kind += "; charset=utf-8" if TEXTUAL.match(kind) else ""
    headers = {"Content-Type": kind, "ETag": tag, "Accept-Ranges": "bytes"}
    known = [item.strip().removeprefix("W/") for item in request.headers.get("if-none-match", "").split(",")]
    if tag in known or known == ["*"]:
        return Reply(HTTPStatus.NOT_MODIFIED, headers)
    status, start, end = HTTPStatus.OK, 0, size
    if request.headers.get("if-range", tag) == tag and (part := byte_range(request.headers.get("range", ""), size)):
        status, (start, end) = HTTPStatus.PARTIAL_CONTENT, part
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return Reply(status, headers, body[start:end], None if small else path, start, end)


def byte_range(wish: str, size: int) -> tuple[int, int] | None:
    """(start, end) of one `bytes=` range; None to send it all. Raises Refused where no such byte exists."""
    match = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", wish)
    if not match or wish == "bytes=-":
        return None
    first, last = match.groups()
    start = int(first) if first else max(0, size - int(last))
    end = min(int(last) + 1, size) if first and last else size
    if start >= end:
        raise Refused(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, **{"Content-Range": f"bytes */{size}"})
    return start, end


class Server:
    """The connections, each a row of exchanges, and their gentle end."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.open: set[asyncio.StreamWriter] = set()
        self.resting: set[asyncio.StreamWriter] = set()
        self.ending = asyncio.Event()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open.add(writer)
        with suppress(TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            while await self.exchange(reader, writer):
                pass
        writer.close()
        self.open.discard(writer)
        self.resting.discard(writer)

    async def exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; whether another may follow."""
        self.resting.add(writer)
        async with asyncio.timeout(IDLE_S):
            head = await reader.readuntil(b"\r\n\r\n")
        self.resting.discard(writer)
        began, keep = time.perf_counter(), False
        try:
            request = parse(head)
            keep = request.keep_alive and not self.ending.is_set()
            reply = self.folder.reply(request)
        except Refused as refusal:
            reply = refusal.reply
        await self.send(writer, reply, keep=keep, head_only=head.startswith(b"HEAD "))
        took_ms = (time.perf_counter() - began) * 1000
        print(ascii(head.split(b"\r\n", 1)[0])[1:300], reply.status.value, f"{took_ms:.1f} ms", flush=True)
        return keep

    async def send(self, writer: asyncio.StreamWriter, reply: Reply, *, keep: bool, head_only: bool) -> None:
        headers = {"Content-Type": "text/plain; charset=utf-8"} | ALWAYS | reply.headers
        headers["Date"] = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
        headers["Connection"] = "keep-alive" if keep else "close"
        if reply.status != HTTPStatus.NOT_MODIFIED:
            headers["Content-Length"] = str(reply.end - reply.start if reply.path else len(reply.body))
        lines = [f"HTTP/1.1 {reply.status.value} {reply.status.phrase}", *map(": ".join, headers.items()), "", ""]
        writer.write("\r\n".join(lines).encode("latin-1"))
        for chunk in [] if head_only else reply.chunks():
            writer.write(chunk)
            async with asyncio.timeout(IDLE_S):
                await writer.drain()

    async def end(self) -> None:
        """Let every exchange finish; a request that is already on its way still gets its answer."""
        began = time.monotonic()
        while self.open and time.monotonic() < began + LINGER_S:
            await asyncio.sleep(0.02)
            for writer in list(self.resting) if time.monotonic() > began + REST_S else []:
                writer.close()


async def run(folder: Path) -> None:
    server = Server(Folder(folder))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, server.ending.set)
    port = int(os.environ.get("PORT", "8080"))
    listener = await asyncio.start_server(server.connected, os.environ.get("BIND", "127.0.0.1"), port)
    await server.ending.wait()
    listener.close()
    await server.end()


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1])))
