"""Asks a child whether it is ready, without ever waiting for it."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable

from hive.cli.up.child import Answer
from hive.cli.up.loop import READ, WRITE, Loop

PAUSE_S = 0.05
GROWTH = 1.05  # still below 0.2 s in the third second, when most starts are over
LONGEST_PAUSE_S = 1.0
PATIENCE_S = 5.0
KEPT_BYTES = 4096
SHOWN = 300


class Question:
    """Asks again and again, with growing pauses, until the expected answer came or close() is called."""

    def __init__(self, loop: Loop, answer: Answer, on_ready: Callable[[], None]) -> None:
        self.last_answer = "no answer"
        self._loop, self._answer, self._on_ready = loop, answer, on_ready
        self._pause_s = PAUSE_S
        self._socket: socket.socket | None = None
        self._heard = b""
        self._timer = loop.after(0, self._ask)

    def close(self) -> None:
        self._timer.cancel()
        if self._socket:
            with contextlib.suppress(KeyError):  # it failed before it was watched
                self._loop.unwatch(self._socket.fileno())
            self._socket.close()
            self._socket = None

    def _ask(self) -> None:
        self._heard = b""
        self._socket = connection = socket.socket(_family(self._answer), socket.SOCK_STREAM)
        connection.setblocking(False)
        try:
            with contextlib.suppress(BlockingIOError):
                connection.connect(self._answer.address)
        except OSError as error:
            self._again(error.strerror or str(error))
            return
        self._loop.watch(connection.fileno(), WRITE, lambda: self._connected(connection))
        self._timer = self._loop.after(PATIENCE_S, lambda: self._again(f"no answer within {PATIENCE_S:.0f} s"))

    def _connected(self, connection: socket.socket) -> None:
        self._loop.unwatch(connection.fileno())
        self._loop.watch(connection.fileno(), READ, lambda: self._hear(connection))
        try:
            problem = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if problem:
                raise OSError(problem, os.strerror(problem))
            connection.sendall(self._answer.question)
        except OSError as error:
            self._again(error.strerror or str(error))
            return
        if not self._answer.expected:
            self._end()

    def _hear(self, connection: socket.socket) -> None:
        try:
            data = connection.recv(KEPT_BYTES)
        except OSError as error:
            self._again(error.strerror or str(error))
            return
        self._heard = (self._heard + data)[:KEPT_BYTES]
        expected = self._answer.expected
        if self._heard.startswith(expected):
            self._end()
        elif not data or not (expected.startswith(self._heard) or self._heard.startswith(b"HTTP/")):
            self._again(_in_words(self._heard))  # of an HTTP answer the body tells why: it is heard to its end

    def _end(self) -> None:
        self.close()
        self._on_ready()

    def _again(self, said: str) -> None:
        self.last_answer = said or "no answer"
        self.close()
        self._timer = self._loop.after(self._pause_s, self._ask)
        self._pause_s = min(self._pause_s * GROWTH, LONGEST_PAUSE_S)


def _family(answer: Answer) -> socket.AddressFamily:
    if isinstance(answer.address, str):
        return socket.AF_UNIX
    return socket.AF_INET6 if ":" in answer.address[0] else socket.AF_INET


def _in_words(heard: bytes) -> str:
    """One line: an HTTP answer's status and the beginning of its body, anything else as it is."""
    head, _, body = heard.decode(errors="replace").partition("\r\n\r\n")
    words = f"{head.partition(chr(10))[0]} {body}".split()
    return " ".join(words)[:SHOWN]
