"""Messages between Hive and the sandbox's inside: a length, then JSON; file descriptors travel with the length."""

from __future__ import annotations

import os
import struct

from .lean import dumps, loads, socket

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing is a large import, and a sandbox starts for every job
    from collections.abc import Sequence
    from typing import Any

    Message = dict[str, Any]

_HEADER = struct.Struct("!I")
_FD = struct.Struct("i")
_MOST_FDS = 4


def send(sock: socket.socket, message: Message, fds: Sequence[int] = ()) -> None:
    """Send one message; the receiver gets its own copies of `fds`. Raises OSError when the other side is gone."""
    body = dumps(message).encode("ascii")
    header = _HEADER.pack(len(body))
    if fds:
        sock.sendmsg([header], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack(f"{len(fds)}i", *fds))])
        sock.sendall(body)
    else:
        sock.sendall(header + body)


def receive(sock: socket.socket) -> tuple[Message, list[int]] | None:
    """The next message and the descriptors that came with it (closed on exec); None at the end of the stream."""
    header, extras, _flags, _address = sock.recvmsg(_HEADER.size, socket.CMSG_LEN(_MOST_FDS * _FD.size))
    fds = [fd for extra in extras for fd in _descriptors(*extra)]
    for fd in fds:  # Python drops the flag that would ask the kernel for it
        os.set_inheritable(fd, False)
    header += _exactly(sock, _HEADER.size - len(header)) if header else b""
    if len(header) < _HEADER.size:
        return None
    (size,) = _HEADER.unpack(header)
    body = _exactly(sock, size)
    return (loads(body), fds) if len(body) == size else None


def _descriptors(level: int, sort: int, data: bytes) -> list[int]:
    if (level, sort) != (socket.SOL_SOCKET, socket.SCM_RIGHTS):
        return []
    return [fd for (fd,) in _FD.iter_unpack(data[: len(data) - len(data) % _FD.size])]


def _exactly(sock: socket.socket, size: int) -> bytes:
    chunks = bytearray()
    while len(chunks) < size:
        chunk = sock.recv(size - len(chunks))
        if not chunk:
            break
        chunks += chunk
    return bytes(chunks)
