from __future__ import annotations

import socket
import threading

import pytest

from hive.cli.readiness import ask


def answering(response: bytes) -> str:
    """The address of a server that gives one answer."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = server.accept()
        with connection, server:
            connection.recv(4096)
            connection.sendall(response)

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{server.getsockname()[1]}/"


def http(status: str, body: str) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def test_200_is_ready_and_its_parts_are_told() -> None:
    body = '{"parts": {"broker": {"ok": true, "latency_ms": 1.5, "message": "fine"}, "store": {"ok": false}}}'
    found = ask(answering(http("200 OK", body)))
    assert (found.ready, found.status, found.message) == (True, 200, "200 OK")
    broker, store = found.parts
    assert (broker.name, broker.ok, broker.latency_ms, broker.message) == ("broker", True, 1.5, "fine")
    assert (store.name, store.ok, store.latency_ms) == ("store", False, None)


def test_503_is_not_ready() -> None:
    assert not ask(answering(http("503 Service Unavailable", '{"parts": {}}'))).ready


@pytest.mark.parametrize("body", ["", "not json", "[]", '{"parts": 3}', '{"parts": {"a": 1}}', '{"parts": {"a": {}}}'])
def test_an_answer_of_another_shape_has_no_parts(body: str) -> None:
    found = ask(answering(http("200 OK", body)))
    assert found.ready
    assert found.parts == ()


def test_nobody_there_is_not_ready() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    found = ask(f"http://127.0.0.1:{port}/")
    assert (found.ready, found.status) == (False, None)
    assert "refused" in found.message


def test_one_that_says_nothing_is_given_up_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = ask(f"http://127.0.0.1:{server.getsockname()[1]}/", patience_s=0.2)
    assert "timed out" in found.message


def test_one_that_does_not_speak_http_is_not_ready() -> None:
    assert not ask(answering(b"SSH-2.0-OpenSSH\r\n")).ready
