"""Servers that are asked over HTTP: real ones of the official SDK on loopback, and such that want something else."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.mcp_servers import SERVERS
from workers.mcp.asked import Network, require_reachable
from workers.mcp.port import Elsewhere, ServerFailed
from workers.mcp.servers import JobServers
from workers.sandbox.fake import FakeSandbox
from workers.sandbox.sockets import free_port

CREDENTIAL = {"Authorization": "Bearer the-token"}


@pytest.fixture(scope="module")
def place() -> Iterator[str]:
    """host:port of a real server."""
    port = free_port()
    program = [sys.executable, str(SERVERS / "busy.py"), str(port)]
    with subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            yield f"127.0.0.1:{port}"
        finally:
            server.kill()


@contextlib.contextmanager
def asked(*servers: Elsewhere, hosts: set[str] | None = None) -> Iterator[JobServers]:
    with FakeSandbox() as sandbox, JobServers(servers, sandbox, Network(frozenset(hosts or ()))) as entered:
        yield entered


def offered(place: str, **more: Any) -> Iterator[JobServers]:
    """The real one, as soon as it listens."""
    until = time.monotonic() + 60
    while True:
        with asked(Elsewhere("busy", f"http://{place}/mcp", **more), hosts={place}) as servers:
            if not isinstance(servers.tools()["busy"], ServerFailed) or time.monotonic() > until:
                yield servers
                return
        time.sleep(0.2)


@pytest.fixture
def servers(place: str) -> Iterator[JobServers]:
    yield from offered(place)


def test_a_real_server_says_what_it_offers_and_does_it(servers: JobServers) -> None:
    offers = servers.tools()["busy"]
    assert not isinstance(offers, ServerFailed), offers
    assert "add" in [one.name for one in offers]
    assert servers.call("busy", "add", {"a": 1, "b": 2}).text == "3"
    assert servers.call("busy", "refuse", {}).problem


def test_an_answer_of_50_mb_is_not_read_to_its_end(servers: JobServers) -> None:
    with pytest.raises(ServerFailed, match="more than 8 MiB"):
        servers.call("busy", "much", {"count": 50_000_000})
    assert servers.call("busy", "add", {"a": 1, "b": 2}).text == "3"


def test_one_that_hangs_is_left_in_time(place: str) -> None:
    for servers in offered(place, timeout_s=1.0):
        with pytest.raises(ServerFailed, match="within 1 s"):
            servers.call("busy", "hang", {})


def test_an_address_of_a_private_network_is_reached_only_where_the_operator_says_so(place: str) -> None:
    with asked(Elsewhere("busy", f"https://{place}/mcp", CREDENTIAL)) as servers:
        assert "leads to 127.0.0.1, which is a loopback address" in str(servers.tools()["busy"])
        assert "HIVE_MCP_HOSTS" in str(servers.tools()["busy"])


def test_a_name_that_leads_to_a_private_network_is_not_followed(place: str) -> None:
    network = Network(resolve=lambda host, port: ["93.184.216.34", "169.254.169.254"])
    meta = Elsewhere("meta", "https://mcp.example/mcp")
    with FakeSandbox() as sandbox, JobServers([meta], sandbox, network) as servers:
        assert "169.254.169.254, which is a link-local address" in str(servers.tools()["meta"])


@pytest.mark.parametrize("url", ["http://mcp.example/", "ftp://x", "https://", "https://a:b@x/", "https://x:99999/"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ServerFailed):
        require_reachable(url, Network())


class Handler(BaseHTTPRequestHandler):
    """What it is told to answer; keeps what it was asked with."""

    seen: list[tuple[str, str]] = []
    answer: tuple[int, dict[str, str], bytes] = (404, {}, b"")

    def do_POST(self) -> None:
        self.seen.append((self.path, self.headers.get("Authorization", "")))
        status, headers, body = self.answer
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def other() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    Handler.seen.clear()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_credential_goes_to_its_server_and_not_where_that_one_points(other: str) -> None:
    port = other.partition(":")[2]
    Handler.answer = (307, {"Location": f"http://localhost:{port}/stolen"}, b"")
    with asked(Elsewhere("other", f"http://{other}/mcp", CREDENTIAL), hosts={other, f"localhost:{port}"}) as servers:
        assert isinstance(servers.tools()["other"], ServerFailed)
    assert Handler.seen[0] == ("/mcp", "Bearer the-token")
    assert {path for path, _ in Handler.seen} == {"/mcp"}


def test_what_comes_compressed_is_not_unpacked(other: str) -> None:
    Handler.answer = (200, {"Content-Encoding": "gzip", "Content-Type": "application/json"}, b"\x1f\x8b")
    with asked(Elsewhere("other", f"http://{other}/mcp"), hosts={other}) as servers:
        assert "compressed" in str(servers.tools()["other"])


def test_what_is_no_mcp_is_told_of(other: str) -> None:
    Handler.answer = (200, {"Content-Type": "text/html"}, b"<h1>Hello</h1>")
    with asked(Elsewhere("other", f"http://{other}/mcp"), hosts={other}) as servers:
        assert isinstance(servers.tools()["other"], ServerFailed)


def test_a_credential_is_not_in_what_is_told_of_a_server() -> None:
    assert "the-token" not in repr(Elsewhere("x", "https://x/", CREDENTIAL))
