from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from workers.deployment import static_server
from workers.deployment.static_server import Folder

LARGE_BYTES = 700_000


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


class serving:
    """The server as a process of its own, as in a release."""

    def __init__(self, site: Path) -> None:
        self.site = site

    def __enter__(self) -> tuple[subprocess.Popen[bytes], httpx.Client]:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        argv = [sys.executable, "-I", "-S", static_server.__file__, str(self.site)]
        self.process = subprocess.Popen(argv, env={"PORT": str(port)}, stdout=subprocess.DEVNULL)
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False)
        deadline = time.monotonic() + 20
        while True:
            try:
                self.client.get("/")
                return self.process, self.client
            except httpx.ConnectError:
                assert time.monotonic() < deadline
                time.sleep(0.02)

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.process.kill()
        self.process.wait()


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


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_it_only_reads(server: httpx.Client, method: str) -> None:
    answer = server.request(method, "/", content=b"GET /smuggled HTTP/1.1\r\n\r\n")
    assert (answer.status_code, answer.headers["allow"], answer.headers["connection"]) == (405, "GET, HEAD", "close")


@pytest.mark.parametrize(
    "head",
    [
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/2\r\nHost: d\r\n\r\n",
        "GET\r\nHost: d\r\n\r\n",
        "GET noslash HTTP/1.1\r\nHost: d\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: d\r\nbad header: x\r\n : y\r\n\r\n",
        "\x16\x03\x01\x02\r\n\r\n",
    ],
)
def test_what_is_no_request_is_400_and_the_end_of_the_connection(server: httpx.Client, head: str) -> None:
    assert raw(server, head).startswith("HTTP/1.1 400 ")


def test_a_body_is_not_taken_for_the_next_request(server: httpx.Client) -> None:
    body = "GET /posts/ HTTP/1.1\r\nHost: d\r\n\r\n"
    answer = raw(server, f"GET / HTTP/1.1\r\nHost: d\r\nContent-Length: {len(body)}\r\n\r\n{body}")
    assert answer.count("HTTP/1.1 ") == 1
    assert "Connection: close" in answer


def test_two_requests_on_one_connection_get_two_answers(server: httpx.Client) -> None:
    request = "GET /posts/ HTTP/1.1\r\nHost: d\r\n"
    answer = raw(server, f"{request}\r\n{request}Connection: close\r\n\r\n")
    assert answer.count("HTTP/1.1 200 OK") == 2


def test_every_answer_carries_the_security_headers(server: httpx.Client) -> None:
    for path in ("/", "/nothing"):
        headers = server.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'self'" in headers["content-security-policy"]


def test_a_slow_reader_and_a_silent_one_hold_nobody_up(server: httpx.Client) -> None:
    with connect(server), connect(server) as slow:
        slow.sendall(b"GET /large.bin HTTP/1.1\r\n")
        began = time.monotonic()
        assert server.get("/").status_code == 200
        assert time.monotonic() - began < 5


def test_term_lets_a_busy_client_move_on_without_one_error(site: Path) -> None:
    """The host stops an old release while browsers still hold connections to it."""
    with serving(site) as (process, client):
        seen: list[str] = []

        def hammer() -> None:
            while "close" not in seen:
                seen.append(client.get("/").headers["connection"])

        hammering = threading.Thread(target=hammer)
        hammering.start()
        while len(seen) < 20:
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        hammering.join(10)
        assert seen[-1] == "close"
        assert process.wait(10) == 0


def test_term_ends_a_server_that_nobody_uses_at_once(site: Path) -> None:
    with serving(site) as (process, client):
        client.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def connect(server: httpx.Client) -> socket.socket:
    return socket.create_connection((server.base_url.host, server.base_url.port), timeout=10)


def raw(server: httpx.Client, request: str) -> str:
    with connect(server) as connection:
        connection.sendall(request.encode("latin-1"))
        received = b""
        while part := connection.recv(65536):
            received += part
    return received.decode()
