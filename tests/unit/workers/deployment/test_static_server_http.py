from __future__ import annotations

import signal
import threading
import time
from pathlib import Path

import httpx
import pytest

from tests.unit.workers.deployment.serving import connect, raw, serving


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


@pytest.mark.parametrize("header", ["Content-Length: 35", "Transfer-Encoding: chunked"])
def test_a_body_is_not_taken_for_the_next_request(server: httpx.Client, header: str) -> None:
    body = "GET /posts/ HTTP/1.1\r\nHost: d\r\n\r\n"
    answer = raw(server, f"GET / HTTP/1.1\r\nHost: d\r\n{header}\r\n\r\n{body}")
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
