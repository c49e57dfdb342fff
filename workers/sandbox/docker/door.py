"""From a unix socket of Hive's to a port on the container's own loopback: through the engine, over no network."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path

from workers.sandbox.docker.box import Box
from workers.sandbox.docker.scripts import CONNECT
from workers.sandbox.docker.stream import OUTPUT, Stream
from workers.sandbox.environment import SANDBOX
from workers.sandbox.port import SandboxError
from workers.sandbox.sockets import listen

_CHUNK_BYTES = 64 * 1024
_MOST_CONNECTIONS = 64  # each is a process or three inside


class Door:
    """Accepts in a thread, carries each connection in one more. `close` ends all of them."""

    def __init__(self, box: Box, folder: Path, port: int) -> None:
        """Raises SandboxError where the socket's path is too long."""
        self._box, self._port = box, port
        self._listener, self.path = listen(folder)
        self._visitors: set[socket.socket] = set()
        self._room = threading.Semaphore(_MOST_CONNECTIONS)
        threading.Thread(target=self._accept, name="sandbox-door", daemon=True).start()

    def _accept(self) -> None:
        while True:
            self._room.acquire()
            try:
                visitor, _address = self._listener.accept()
            except OSError:
                return  # closed
            self._visitors.add(visitor)
            threading.Thread(target=self._receive, args=(visitor,), name="sandbox-visitor", daemon=True).start()

    def _receive(self, visitor: socket.socket) -> None:
        try:
            mark = {SANDBOX: f"{self._box.cookie}.hive."}
            _number, stream = self._box.execute(["/bin/sh", "-c", CONNECT, "sh", str(self._port)], mark)
            try:
                stream.send(b"\n")
                _carry(visitor, stream)
            finally:
                with contextlib.suppress(OSError):
                    visitor.shutdown(socket.SHUT_RDWR)  # ends the other direction's thread
                stream.close()
        except (SandboxError, OSError):
            pass  # the visitor sees what a refused connection would tell him: nobody answers
        finally:
            self._visitors.discard(visitor)
            visitor.close()
            self._room.release()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listener.close()
        self.path.unlink(missing_ok=True)
        for visitor in list(self._visitors):
            with contextlib.suppress(OSError):
                visitor.shutdown(socket.SHUT_RDWR)


def _carry(visitor: socket.socket, stream: Stream) -> None:
    """Both ways, until the inside has said all. One thread per direction: neither waits for the other's reader."""
    threading.Thread(target=_carry_in, args=(visitor, stream), name="sandbox-visitor-in", daemon=True).start()
    while not stream.ended:
        for sort, data in stream.read(60.0):
            if sort == OUTPUT:
                visitor.sendall(data)


def _carry_in(visitor: socket.socket, stream: Stream) -> None:
    with contextlib.suppress(OSError):
        while data := visitor.recv(_CHUNK_BYTES):
            stream.send(data)
    stream.finish_sending()
