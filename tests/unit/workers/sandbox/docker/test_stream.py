"""Frames of the engine, however they are cut on their way."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator

import pytest

from workers.sandbox.docker.stream import OUTPUT, WORDS, Stream


@pytest.fixture
def ends() -> Iterator[tuple[Stream, socket.socket]]:
    ours, theirs = socket.socketpair()
    stream = Stream(ours)
    yield stream, theirs
    stream.close()
    theirs.close()


def frame(sort: int, data: bytes) -> bytes:
    return struct.pack("!BxxxI", sort, len(data)) + data


def everything(stream: Stream) -> dict[int, bytes]:
    found = {OUTPUT: b"", WORDS: b""}
    while not stream.ended:
        for sort, data in stream.read(5):
            found[sort] += data
    return found


@pytest.mark.parametrize("size", [1, 3, 8, 9, 1000])
def test_frames_are_put_together_from_pieces_of_any_size(ends: tuple[Stream, socket.socket], size: int) -> None:
    stream, theirs = ends
    sent = frame(OUTPUT, b"one ") + frame(WORDS, b"exit 0\n") + frame(OUTPUT, b"") + frame(OUTPUT, b"two")
    for start in range(0, len(sent), size):
        theirs.sendall(sent[start : start + size])
    theirs.close()
    assert everything(stream) == {OUTPUT: b"one two", WORDS: b"exit 0\n"}


def test_a_line_is_read_as_a_whole_and_none_where_none_comes(ends: tuple[Stream, socket.socket]) -> None:
    stream, theirs = ends
    theirs.sendall(frame(OUTPUT, b"1 2") + frame(OUTPUT, b" 3\n"))
    assert stream.read_line(5) == "1 2 3"
    assert stream.read_line(0.05) is None


def test_a_forked_child_does_not_keep_the_connection(ends: tuple[Stream, socket.socket]) -> None:
    stream, theirs = ends
    ready, go = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(go)
        os.read(ready, 1)  # lives on, with copies of all that Python did not close
        os._exit(0)
    stream.close()
    theirs.settimeout(5)
    assert theirs.recv(1) == b""  # the end, although the child lives
    os.close(go)
    os.waitpid(pid, 0)
    os.close(ready)
