from __future__ import annotations

import os
import socket
import threading

import pytest

from workers.sandbox.inside import wire


def test_messages_of_any_size_arrive_whole() -> None:
    ours, theirs = socket.socketpair()
    message = {"argv": ["echo", "ü🐝", "\udcff"], "env": {"A": "x" * 3_000_000}}
    sender = threading.Thread(target=wire.send, args=(ours, message))
    sender.start()
    assert wire.receive(theirs) == (message, [])
    sender.join()


def test_descriptors_come_along_and_are_not_inherited() -> None:
    ours, theirs = socket.socketpair()
    reading, writing = os.pipe()
    wire.send(ours, {}, [writing])
    received = wire.receive(theirs)
    assert received is not None
    (copy,) = received[1]
    assert not os.get_inheritable(copy)
    os.write(copy, b"through the copy")
    assert os.read(reading, 100) == b"through the copy"
    for fd in (reading, writing, copy):
        os.close(fd)


@pytest.mark.parametrize("sent", [b"", b"\0\0", b"\0\0\0\x10{"])
def test_a_stream_that_ends_early_is_the_end(sent: bytes) -> None:
    ours, theirs = socket.socketpair()
    ours.sendall(sent)
    ours.close()
    assert wire.receive(theirs) is None
