from __future__ import annotations

import os
import socket

import pytest

from hive.cli.failure import Failure
from hive.cli.up import ports


def test_port_0_takes_a_free_one_and_listens() -> None:
    descriptor, port = ports.listen("127.0.0.1", 0)
    with socket.create_connection(("127.0.0.1", port), timeout=5):
        pass
    assert descriptor >= ports.FIRST_DESCRIPTOR
    assert not os.get_inheritable(descriptor)
    os.close(descriptor)


def test_connections_do_not_wait_to_fill_a_packet() -> None:
    descriptor, port = ports.listen("127.0.0.1", 0)
    with socket.socket(fileno=descriptor) as listener, socket.create_connection(("127.0.0.1", port), timeout=5):
        connection, _ = listener.accept()
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        connection.close()


def test_a_taken_port_is_told_with_its_owner_and_a_free_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            Failure, match=rf"Port {port} is taken by process {os.getpid()} \(.*\); `hive up --port \d+`"
        ):
            ports.listen("127.0.0.1", port)


def test_it_can_be_listened_on_again_at_once() -> None:
    """Connections of the last Hive linger for a minute; they must not keep the next one from its port."""
    descriptor, port = ports.listen("127.0.0.1", 0)
    with (
        socket.socket(fileno=descriptor) as listener,
        socket.create_connection(("127.0.0.1", port), timeout=5) as client,
    ):
        connection, _ = listener.accept()
        connection.close()
        client.recv(1)
    descriptor, again = ports.listen("127.0.0.1", port)
    os.close(descriptor)
    assert again == port


@pytest.mark.parametrize("bind", ["192.0.2.1", "no.such.name.invalid"])
def test_an_address_that_is_not_ours_is_told(bind: str) -> None:
    with pytest.raises(Failure, match=f"HIVE_BIND={bind}"):
        ports.listen(bind, 0)


def test_a_port_that_nobody_listens_on_has_no_owner() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert ports.owner(port) is None
