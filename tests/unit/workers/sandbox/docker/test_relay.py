"""Connections that a command inside carries to Hive: what it says is not believed further than it must be."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from workers.sandbox.docker import relay
from workers.sandbox.fake import FakeTalking
from workers.sandbox.port import CannotForward, Ended, Forwarder, Result, SandboxError

FORWARDER = Forwarder(["forward"], {})


class Inside(FakeTalking):
    """The forwarder: says what the test lets it say."""

    def __init__(self, hear: Callable[[bytes], None]) -> None:
        super().__init__()
        self.hear = hear
        self.told = threading.Condition()

    def say(self, data: bytes) -> None:
        with self.told:
            super().say(data)
            self.told.notify_all()

    def await_frames(self, count: int) -> list[tuple[int, bytes]]:
        with self.told:
            assert self.told.wait_for(lambda: len(frames(self.said)) >= count, 10)
        return frames(self.said)


def frame(number: int, data: bytes = b"") -> bytes:
    return struct.pack("!II", number, len(data)) + data


def frames(data: bytes | bytearray) -> list[tuple[int, bytes]]:
    found, rest = [], bytes(data)
    while rest:
        number, size = struct.unpack_from("!II", rest)
        found.append((number, rest[8 : 8 + size]))
        rest = rest[8 + size :]
    return found


Listening = tuple[Inside, socket.socket]


@pytest.fixture
def listening() -> Iterator[Listening]:
    started: list[Inside] = []

    def converse(argv: Any, *, on_output: Callable[[bytes], None], env: Any) -> Inside:
        started.append(Inside(on_output))
        on_output(b"por")
        on_output(b"t 4711\n")
        return started[0]

    with relay.listen(FORWARDER, converse) as listener:
        yield started[0], listener


def test_its_name_is_what_commands_inside_connect_to(listening: Listening) -> None:
    assert listening[1].getsockname() == ("127.0.0.1", 4711)


def test_what_a_connection_says_and_hears_is_carried_byte_by_byte(listening: Listening) -> None:
    inside, listener = listening
    for one in frame(1, b"hello") + frame(2, b"other"):
        inside.hear(bytes([one]))
    visitor, other = listener.accept()[0], listener.accept()[0]
    with visitor, other:
        assert (visitor.recv(99), other.recv(99)) == (b"hello", b"other")
        visitor.sendall(b"answer")
        assert inside.await_frames(1) == [(1, b"answer")]
        inside.hear(frame(2))
        assert other.recv(99) == b""
    assert sorted(inside.await_frames(3)) == [(1, b""), (1, b"answer"), (2, b"")]


def test_what_comes_after_the_end_of_a_connection_opens_no_other(listening: Listening) -> None:
    inside, listener = listening
    inside.hear(frame(1, b"hello"))
    listener.accept()[0].close()
    inside.await_frames(1)
    inside.hear(frame(1, b"more"))
    listener.settimeout(0.2)
    with pytest.raises(OSError, match=r"timed out|nobody"):
        listener.accept()


def test_a_frame_longer_than_any_ends_the_forwarder(listening: Listening) -> None:
    with pytest.raises(ValueError, match="so long"):
        listening[0].hear(struct.pack("!II", 1, 2**31))


def test_no_more_connections_are_open_than_hive_serves(listening: Listening) -> None:
    inside, listener = listening
    accepted = []
    for number in range(1, 66):
        inside.hear(frame(number, b"x"))
        with suppress(OSError):
            accepted += [listener.accept()[0]] if number < 65 else []
    assert inside.await_frames(1) == [(65, b"")]
    for one in accepted:
        one.close()


def test_closed_it_ends_the_forwarder_and_every_connection(listening: Listening) -> None:
    inside, listener = listening
    inside.hear(frame(1, b"hello"))
    visitor = listener.accept()[0]
    listener.close()
    with visitor:
        assert visitor.recv(99) == b"hello"
        assert visitor.recv(99) == b""
    ended = inside.poll()
    assert ended is not None
    assert ended.ended is Ended.STOPPED


def test_one_that_ends_before_it_listens_is_told_with_what_it_printed() -> None:
    def converse(argv: Any, *, on_output: Callable[[bytes], None], env: Any) -> Inside:
        inside = Inside(on_output)
        on_output(b"no such library\n")
        inside.end(Result(1, Ended.EXITED, 0.1, 0, 0, "It exited with 1."))
        return inside

    with pytest.raises(CannotForward, match="exited with 1") as caught:
        relay.listen(FORWARDER, converse)
    assert (caught.value.printed, caught.value.ended.exit_code) == ("no such library", 1)


def test_without_a_forwarder_there_is_nothing_to_listen_on() -> None:
    with pytest.raises(SandboxError, match="another machine's"):
        relay.listen(None, lambda: None)  # type: ignore[arg-type,return-value]
