from __future__ import annotations

import os
from pathlib import Path

import httpx
import pytest

from tests.unit.workers.deployment.serving import LARGE_BYTES, raw
from workers.deployment import static_server
from workers.deployment.static_server import Folder


@pytest.mark.parametrize(
    ("path", "body", "content_type"),
    [
        ("/", "<h1>home</h1>", "text/html; charset=utf-8"),
        ("/index.html?v=2", "<h1>home</h1>", "text/html; charset=utf-8"),
        ("/posts/", "posts", "text/html; charset=utf-8"),
        ("/posts//?/", "posts", "text/html; charset=utf-8"),
        ("/posts/gr%C3%BC%C3%9Fe%20%26%20co.html", "hello", "text/html; charset=utf-8"),
        ("/feed.xml", "<feed/>", "application/xml; charset=utf-8"),
        ("/.well-known/security.txt", "Contact: us", "text/plain; charset=utf-8"),
        ("/inside.html", "<h1>home</h1>", "text/html; charset=utf-8"),
    ],
)
def test_a_page_comes_with_its_type(server: httpx.Client, path: str, body: str, content_type: str) -> None:
    answer = server.get(path)
    assert (answer.status_code, answer.text, answer.headers["content-type"]) == (200, body, content_type)


@pytest.mark.parametrize(
    "target",
    [
        "/nothing",
        "/empty/",
        "/empty",
        "/.env",
        "/posts/../.env",
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/posts/..%2f..%2fsecret.txt",
        "/out/secret.txt",
        "/out/",
        "/leak.txt",
        "/loop",
        "/pipe",
        "/index.html/",
        "/index.html%00.txt",
        "/" + "a" * 5000,
        "/%ff%fe",
    ],
)
def test_what_is_not_there_or_not_for_the_public_is_the_sites_own_404(server: httpx.Client, target: str) -> None:
    answer = raw(server, f"GET {target} HTTP/1.1\r\nHost: devsite\r\nConnection: close\r\n\r\n")
    assert answer.startswith("HTTP/1.1 404 ")
    assert answer.endswith("<h1>lost</h1>")
    assert "secret" not in answer


def test_a_folder_without_its_slash_is_redirected_to_itself_on_this_host(server: httpx.Client) -> None:
    assert server.get("/posts?page=2").headers["location"] == "/posts/?page=2"
    answer = raw(server, "GET //posts HTTP/1.1\r\nHost: devsite\r\nConnection: close\r\n\r\n")
    assert "\r\nLocation: /posts/\r\n" in answer


def test_a_folder_named_like_another_host_is_not_a_way_there(tmp_path: Path) -> None:
    (tmp_path / "evil.example").mkdir()
    (tmp_path / "evil.example" / "index.html").write_text("")
    assert Folder(tmp_path).find("//evil.example") == "/evil.example/"


def test_head_is_get_without_the_body(server: httpx.Client) -> None:
    head, get = server.head("/large.bin"), server.get("/large.bin")
    assert head.content == b""
    assert head.headers["content-length"] == get.headers["content-length"] == str(LARGE_BYTES)


@pytest.mark.parametrize("path", ["/", "/large.bin"])
def test_a_reader_who_has_it_already_gets_304(server: httpx.Client, path: str) -> None:
    tag = server.get(path).headers["etag"]
    answer = server.get(path, headers={"If-None-Match": f'"other", W/{tag}'})
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)


def test_the_tag_follows_the_content_and_not_the_time(tmp_path: Path) -> None:
    """Two releases of one commit second may have the same size and time: their pages must not be mixed up."""
    page = tmp_path / "index.html"
    tags = []
    for text in ("one", "two", "one"):
        page.write_text(text)
        os.utime(page, (1, 1))
        request = static_server.Request("/", {}, keep_alive=True)
        tags.append(Folder(tmp_path).reply(request).headers["ETag"])
    assert tags[0] == tags[2] != tags[1]


@pytest.mark.parametrize(
    ("wish", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=699990-", 699_990, LARGE_BYTES),
        ("bytes=-5", 699_995, LARGE_BYTES),
        ("bytes=5-999999999", 5, LARGE_BYTES),
    ],
)
def test_a_range_is_that_part(server: httpx.Client, site: Path, wish: str, start: int, end: int) -> None:
    answer = server.get("/large.bin", headers={"Range": wish})
    assert answer.status_code == 206
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{LARGE_BYTES}"
    assert answer.content == (site / "large.bin").read_bytes()[start:end]


def test_a_range_of_a_small_file_is_that_part(server: httpx.Client) -> None:
    assert server.get("/", headers={"Range": "bytes=4-7"}).text == "home"


@pytest.mark.parametrize("wish", ["bytes=9999999-", "bytes=-0", "bytes=5-2"])
def test_a_range_that_does_not_exist_is_416(server: httpx.Client, wish: str) -> None:
    answer = server.get("/large.bin", headers={"Range": wish})
    assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{LARGE_BYTES}")


@pytest.mark.parametrize("headers", [{"Range": "pages=1-2"}, {"Range": "bytes=0-1", "If-Range": '"old"'}])
def test_a_range_that_cannot_be_kept_is_the_whole(server: httpx.Client, headers: dict[str, str]) -> None:
    assert len(server.get("/large.bin", headers=headers).content) == LARGE_BYTES
