from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from workers.sandbox.inside.loop import READ, WRITE, Loop

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def test_who_waits_is_called_with_what_he_waits_for(pair: Pair) -> None:
    loop, heard = Loop(), list[int]()
    loop.watch(pair[0], READ, heard.append)
    loop.wait(0)
    assert heard == []
    pair[1].send(b"x")
    loop.wait(20)
    assert heard == [READ]  # it could be written to as well


def test_watching_again_replaces_what_was_waited_for(pair: Pair) -> None:
    loop, first, second = Loop(), list[int](), list[int]()
    loop.watch(pair[0], READ, first.append)
    loop.watch(pair[0].fileno(), READ | WRITE, second.append)
    pair[1].send(b"x")
    loop.wait(20)
    assert (first, second) == ([], [READ | WRITE])


def test_one_that_hung_up_can_be_read(pair: Pair) -> None:
    loop, heard = Loop(), list[int]()
    loop.watch(pair[0], READ, heard.append)
    pair[1].close()
    loop.wait(20)
    assert heard == [READ]


def test_one_that_is_forgotten_within_the_round_is_not_called(pair: Pair) -> None:
    loop, heard = Loop(), list[str]()

    def called(name: str, other: socket.socket) -> None:
        heard.append(name)
        loop.forget(other)

    loop.watch(pair[0], WRITE, lambda _events: called("first", pair[1]))
    loop.watch(pair[1], WRITE, lambda _events: called("second", pair[0]))
    loop.wait(20)
    assert len(heard) == 1
    loop.forget(pair[0])
    loop.forget(pair[1])
    loop.forget(pair[1])
    began = time.monotonic()
    loop.wait(0.05)
    assert time.monotonic() - began >= 0.04
    assert len(heard) == 1
