"""Messages between Hive and the sandbox's inside: a length, then JSON; file descriptors travel with the length."""

from __future__ import annotations

import json
import os
import socket
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing is a large import, and a sandbox starts for every job
    from collections.abc import Sequence
    from typing import Any

    Message = dict[str, Any]

_HEADER = struct.Struct("!I")
_MOST_FDS = 4


def send(sock: socket.socket, message: Message, fds: Sequence[int] = ()) -> None:
    """Send one message; the receiver gets its own copies of `fds`. Raises OSError when the other side is gone."""
    body = json.dumps(message).encode("ascii")
    if fds:
        socket.send_fds(sock, [_HEADER.pack(len(body))], fds)
    else:
        sock.sendall(_HEADER.pack(len(body)))
    sock.sendall(body)


def receive(sock: socket.socket) -> tuple[Message, list[int]] | None:
    """The next message and the descriptors that came with it (closed on exec); None at the end of the stream."""
    header, fds, _flags, _address = socket.recv_fds(sock, _HEADER.size, _MOST_FDS)
    for fd in fds:  # Python drops the flag that would ask the kernel for it
        os.set_inheritable(fd, False)
    header += _exactly(sock, _HEADER.size - len(header)) if header else b""
    if len(header) < _HEADER.size:
        return None
    (size,) = _HEADER.unpack(header)
    body = _exactly(sock, size)
    return (json.loads(body), list(fds)) if len(body) == size else None


def _exactly(sock: socket.socket, size: int) -> bytes:
    chunks = bytearray()
    while len(chunks) < size:
        chunk = sock.recv(size - len(chunks))
        if not chunk:
            break
        chunks += chunk
    return bytes(chunks)
