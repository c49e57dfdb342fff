from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.unit.workers.deployment.serving import LARGE_BYTES, serving


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    (folder.parent / "secret.txt").write_text("secret")
    (folder / "index.html").write_text("<h1>home</h1>")
    (folder / "404.html").write_text("<h1>lost</h1>")
    (folder / "feed.xml").write_text("<feed/>")
    (folder / ".env").write_text("secret")
    (folder / ".well-known").mkdir()
    (folder / ".well-known" / "security.txt").write_text("Contact: us")
    (folder / "posts").mkdir()
    (folder / "posts" / "index.html").write_text("posts")
    (folder / "posts" / "grüße & co.html").write_text("hello")
    (folder / "empty").mkdir()
    (folder / "large.bin").write_bytes(bytes(range(250)) * (LARGE_BYTES // 250))
    (folder / "out").symlink_to(folder.parent)
    (folder / "leak.txt").symlink_to("../secret.txt")
    (folder / "loop").symlink_to("loop")
    (folder / "inside.html").symlink_to("index.html")
    os.mkfifo(folder / "pipe")
    return folder


@pytest.fixture(scope="module")
def server(site: Path) -> Iterator[httpx.Client]:
    with serving(site) as (process, client):
        yield client
        assert process.poll() is None
