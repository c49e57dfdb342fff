from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from tests.unit.workers.deployment.host.hosting import Hosting
from workers.deployment.host.client import HostClient
from workers.deployment.host.errors import HostError, HostUnavailable, StaleGeneration, error_from


def test_no_host_is_said_with_what_to_do(tmp_path: Path) -> None:
    client = HostClient(tmp_path / "host.sock", patience_s=0)
    with pytest.raises(HostUnavailable, match=r"The host is not running .*No such file.* `hive up` starts it"):
        client.list()


def test_a_dead_hosts_socket_is_no_host(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "host.sock"))
    with pytest.raises(HostUnavailable, match="refused"):
        HostClient(tmp_path / "host.sock", patience_s=0).list()


def test_a_call_waits_for_a_host_that_comes_back(hosting: Hosting) -> None:
    hosting.client.start(hosting.plan("r1"))
    hosting.end()
    coming = threading.Timer(0.3, hosting.start)
    coming.start()
    assert hosting.client.list().release("r1")
    coming.join()


def test_an_answer_that_is_lost_on_the_way_is_asked_for_again(tmp_path: Path) -> None:
    """The host did it and died before it said so: asking again is safe, because every verb may come twice."""
    asked: list[bytes] = []
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "host.sock"))
    listener.listen()

    def serve() -> None:
        for answer in (b"", b'{"ok": true', b'{"ok": true, "value": null}\n'):
            connection, _ = listener.accept()
            with connection:
                asked.append(connection.recv(1000))
                connection.sendall(answer)

    with listener:
        serving = threading.Thread(target=serve)
        serving.start()
        HostClient(tmp_path / "host.sock").forget("r1")
        serving.join()
    assert asked == [b'{"verb": "forget", "release": "r1"}\n'] * 3


def test_an_error_comes_out_as_the_host_meant_it() -> None:
    assert isinstance(error_from("stale_generation", "late"), StaleGeneration)
    assert error_from("stale_generation", "late").permanent
    assert not error_from("unavailable", "gone").permanent


def test_an_error_of_a_newer_host_is_an_error_all_the_same() -> None:
    assert type(error_from("something_new", "what it means")) is HostError
