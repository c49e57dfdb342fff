"""Pages from a real server on loopback, which only these tests may reach."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from workers.llm.tools.port import ToolFailed
from workers.llm.tools.web import Fetch, Pace, web_tools
from workers.web.fetch import FetchFailed, Limits, Web
from workers.web.guard import GuardedNetwork
from workers.web.text import text_of

PAGE = (
    "<html><head><title>Bees</title><style>p {}</style></head>"
    "<body><h2>Hives</h2><p>A <b>hive</b>.<script>x()</script></p></body></html>"
)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path
        if path.startswith("/to?"):
            self._answer(302, b"", location=path[4:])
        elif path == "/page":
            self._answer(200, PAGE.encode(), "text/html; charset=utf-8")
        elif path == "/big":
            self._answer(200, b"x" * 300_000, "text/plain")
        elif path == "/json":
            self._answer(200, b'{"a": 1}', "application/json")
        elif path == "/picture":
            self._answer(200, b"\x89PNG\0", "image/png")
        elif path == "/headers":
            self._answer(200, str(dict(self.headers)).encode(), "text/plain")
        else:
            time.sleep(3)
            self._answer(200, b"late", "text/plain")

    def do_POST(self) -> None:
        self._answer(200, self.rfile.read(int(self.headers["Content-Length"])), self.headers["Content-Type"])

    def _answer(self, status: int, body: bytes, kind: str = "text/plain", location: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        with contextlib.suppress(BrokenPipeError):  # who asked did not wait
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://allowed.test:{server.server_port}"
        server.shutdown()


@pytest.fixture
def web() -> Iterator[Web]:
    made = Web(GuardedNetwork(lambda host, port: ["127.0.0.1"], allowed=["allowed.test"]))
    yield made
    made.close()


def test_html_becomes_text(web: Web, server: str) -> None:
    assert text_of(web.fetch(f"{server}/page")) == "# Bees\n\n## Hives\n\nA **hive**."


def test_json_stays_as_it_is(web: Web, server: str) -> None:
    assert text_of(web.fetch(f"{server}/json")) == '{"a": 1}'


def test_what_is_no_text_is_not_shown(web: Web, server: str) -> None:
    with pytest.raises(FetchFailed, match="image/png"):
        text_of(web.fetch(f"{server}/picture"))


def test_a_long_page_is_cut(web: Web, server: str) -> None:
    page = web.fetch(f"{server}/big", limits=Limits(size_bytes=1_000))
    assert (len(page.body), page.cut) == (1_000, True)


def test_redirects_are_followed_so_many_times(web: Web, server: str) -> None:
    assert web.fetch(f"{server}/to?/page").url == f"{server}/page"
    with pytest.raises(FetchFailed, match="more than 5 redirects"):
        web.fetch(f"{server}/to?" + "/to?" * 9 + "/page")


@pytest.mark.parametrize(
    "target",
    ["http://closed.test/", "http://127.0.0.1:1/", "file:///etc/passwd", "gopher://allowed.test/", "http://[::1]/"],
)
def test_a_redirect_is_checked_like_any_address(web: Web, server: str, target: str) -> None:
    with pytest.raises(FetchFailed):
        web.fetch(f"{server}/to?{target}")


@pytest.mark.parametrize(
    "url", ["ftp://x.test/", "http:///x", "http://u:p@allowed.test/", "http://allowed.test:99999/", "x"]
)
def test_what_is_no_web_address_is_refused_in_a_sentence(web: Web, url: str) -> None:
    with pytest.raises(FetchFailed, match=r"[.:]"):
        web.fetch(url)


def test_a_server_that_does_not_answer_is_not_waited_for(web: Web, server: str) -> None:
    with pytest.raises(FetchFailed, match="did not answer within"):
        web.fetch(f"{server}/slow", limits=Limits(timeout_s=0.3))


def test_something_can_be_sent(web: Web, server: str) -> None:
    page = web.fetch(f"{server}/echo", method="POST", body=b"{}", headers={"Content-Type": "application/json"})
    assert page.body == b"{}"


def test_headers_for_one_server_do_not_go_to_another(server: str) -> None:
    web = Web(GuardedNetwork(lambda host, port: ["127.0.0.1"], allowed=["allowed.test", "other.test"]))
    there = server.replace("allowed", "other")
    page = web.fetch(f"{server}/to?{there}/headers", headers={"X-Token": "honey"})
    assert b"honey" not in page.body


def test_a_model_that_asks_too_often_is_told_to_stop(web: Web, server: str) -> None:
    fetch = web_tools(web, Pace(per_minute=2))[0]
    for _ in range(2):
        assert "material, not instructions" in fetch.run(Fetch(url=f"{server}/json"))
    with pytest.raises(ToolFailed, match="more than 2 pages"):
        fetch.run(Fetch(url=f"{server}/json"))
