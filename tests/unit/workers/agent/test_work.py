"""A job's last words: what it printed comes along where it is short, and is sent by itself to an older server."""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path

import httpx
import pytest

from workers.agent.caches import CacheFolder
from workers.agent.credential import Credential
from workers.agent.outgoing import REST_BYTES, Outgoing
from workers.agent.port import Report
from workers.agent.sending import Sending
from workers.agent.server import Server
from workers.agent.work import Work


class Hive:
    """Keeps what it is sent; an old one knows nothing of output in the final word."""

    def __init__(self, *, old: bool) -> None:
        self.output = b""
        self.asked: list[str] = []
        self._old = old

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/agent/token"):
            return httpx.Response(200, json={"token": "t"})
        self.asked.append(request.method)
        if request.method == "PATCH":
            self.output += request.read()
            return httpx.Response(202, headers={"Range": f"bytes=0-{len(self.output) - 1}"})
        said = json.loads(request.read())
        if not self._old and (rest := said.get("output")):
            assert rest["start"] == len(self.output)
            self.output += base64.b64decode(rest["data"])
        whole = len(self.output) == said["log"]["bytes"] and zlib.crc32(self.output) == said["log"]["crc32"]
        return httpx.Response(200 if whole else 202, json={"recorded": whole})


def last_words(hive: Hive, printed: bytes, folder: Path) -> None:
    server = Server("http://hive", transport=httpx.MockTransport(hive))
    server.use(Credential("http://hive", 1, "c"))
    outgoing = Outgoing(folder / "output", 10**9)
    sending = Sending(server, 1, "lease", outgoing, lambda: None)
    work = Work(server, 1, "lease", folder, CacheFolder(folder, 0))
    sending.start()
    outgoing.write(printed)
    outgoing.close()
    sending.finish(lambda: False)
    work._say(Report(), outgoing, sending)
    outgoing.dispose()


def test_a_short_output_costs_no_request_of_its_own(tmp_path: Path) -> None:
    hive = Hive(old=False)
    last_words(hive, b"hello\n", tmp_path)
    assert (hive.output, hive.asked) == (b"hello\n", ["PUT"])


@pytest.mark.parametrize("size", [6, REST_BYTES + 1])
def test_an_older_server_is_sent_it_by_itself(size: int, tmp_path: Path) -> None:
    hive = Hive(old=True)
    last_words(hive, b"x" * size, tmp_path)
    assert hive.output == b"x" * size
    assert hive.asked[-2:] == ["PATCH", "PUT"]


def test_a_long_output_is_sent_while_it_comes(tmp_path: Path) -> None:
    hive = Hive(old=False)
    last_words(hive, b"x" * (3 * REST_BYTES), tmp_path)
    assert hive.output == b"x" * (3 * REST_BYTES)
    assert "PATCH" in hive.asked
