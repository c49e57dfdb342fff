"""JobDesk: files go to Hive whole, a large one part by part, and after a break only what is missing."""

from __future__ import annotations

import io
import json
from pathlib import Path

import httpx

from workers.agent.caches import CacheFolder
from workers.agent.credential import Credential
from workers.agent.desk import JobDesk
from workers.agent.server import Server

DATA = b"0123456789"


class Hive:
    """Takes parts of four bytes, tells two of them at once, and breaks off where it is told to."""

    def __init__(self, broken: int = 0) -> None:
        self.parts: dict[int, bytes] = {}
        self.whole = b""
        self.finished = 0
        self.sent: list[str] = []
        self._broken = broken

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/agent/token"):
            return httpx.Response(200, json={"token": "t"})
        if request.method == "PUT":
            return self._take(request.url.path, request.read())
        said = json.loads(request.read())
        if "finish" in said:
            self.finished += 1
            return httpx.Response(200, json={"uploads": []})
        return httpx.Response(200, json={"uploads": [self._wanted(file, said) for file in said["files"]]})

    def _take(self, path: str, data: bytes) -> httpx.Response:
        self.sent.append(path)
        if len(self.sent) == self._broken:
            raise httpx.ReadError("the line broke")
        if path == "/whole":
            self.whole = data
        else:
            self.parts[int(path.removeprefix("/part/"))] = data
        return httpx.Response(201)

    def _wanted(self, file: dict[str, object], said: dict[str, object]) -> dict[str, object]:
        if file["size_bytes"] != len(DATA):
            return {"id": 2, "name": file["name"], "url": "http://store/whole"}
        assert said["in_parts"] is True
        missing = [number for number in (1, 2, 3) if number not in self.parts][:2]
        parts = [
            {"number": n, "first": 4 * (n - 1), "size_bytes": 2 if n == 3 else 4, "url": f"http://store/part/{n}"}
            for n in missing
        ]
        return {"id": 1, "name": file["name"], "url": None, "parts": parts}


def desk(hive: Hive, folder: Path) -> JobDesk:
    server = Server("http://hive", transport=httpx.MockTransport(hive))
    server.use(Credential("http://hive", 1, "c"))
    made = JobDesk(server, 1, "lease", folder, CacheFolder(folder / "caches", 0))
    made.keep("disk.img", "file", io.BytesIO(DATA), len(DATA))
    made.keep("small", "file", io.BytesIO(b"s"), 1)
    return made


def test_a_large_file_goes_part_by_part_and_a_small_one_once(tmp_path: Path) -> None:
    hive = Hive()
    desk(hive, tmp_path).upload(lambda: False)
    assert hive.parts == {1: b"0123", 2: b"4567", 3: b"89"}
    assert (hive.whole, hive.finished) == (b"s", 1)
    assert hive.sent == ["/part/1", "/part/2", "/whole", "/part/3"]


def test_a_line_that_breaks_costs_the_part_that_was_on_its_way(tmp_path: Path) -> None:
    hive = Hive(broken=2)
    desk(hive, tmp_path).upload(lambda: False)
    assert hive.sent[:4] == ["/part/1", "/part/2", "/part/2", "/part/3"]
    assert (hive.parts, hive.finished) == ({1: b"0123", 2: b"4567", 3: b"89"}, 1)
