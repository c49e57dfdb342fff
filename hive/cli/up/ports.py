"""The web server's port: listened on before anything starts, so that nobody can take it afterwards."""

from __future__ import annotations

import errno
import fcntl
import socket
from contextlib import closing
from pathlib import Path

from hive.cli import processes
from hive.cli.failure import Failure
from hive.cli.up.installation import url_host

BACKLOG = 512
FIRST_DESCRIPTOR = 64  # above what a forked child opens by itself, so that it keeps its number there
LISTENING = "0A"
PORTS_TRIED = 50


def listen(bind: str, port: int) -> tuple[int, int]:
    """(descriptor, port): the socket listens; port 0 takes any free one. Raises Failure with what to do."""
    try:
        listener = _listening(bind, port)
    except socket.gaierror as error:
        raise Failure(f"HIVE_BIND={bind}: not an address of this machine ({error.strerror}).") from None
    except OSError as error:
        raise Failure(_sentence(error, bind, port)) from None
    with closing(listener):
        return fcntl.fcntl(listener, fcntl.F_DUPFD_CLOEXEC, FIRST_DESCRIPTOR), listener.getsockname()[1]


def _listening(bind: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        bind, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Connections inherit it. asyncio does not set it on a socket that it was handed, and streams would stutter.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _sentence(error: OSError, bind: str, port: int) -> str:
    where = f"{url_host(bind)}:{port}"
    if error.errno == errno.EADDRINUSE:
        free = next_free(bind, port)
        instead = f"`hive up --port {free}` is free" if free else "`hive up --port 0` takes any free one"
        return f"Port {port} is taken by {owner(port) or 'another program'}; {instead}."
    if error.errno == errno.EACCES:
        return f"Listening on {where} is not permitted; choose a port above 1023: `hive up --port 8000`."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"HIVE_BIND={bind}: this machine has no such address; use 127.0.0.1, or 0.0.0.0 for all of them."
    return f"Cannot listen on {where}: {error.strerror}."


def next_free(bind: str, port: int) -> int | None:
    """A port shortly above that nobody listens on right now."""
    for candidate in range(port + 1, min(port + PORTS_TRIED, 65536)):
        try:
            _listening(bind, candidate).close()
        except OSError:
            continue
        return candidate
    return None


def owner(port: int) -> str | None:
    """Which program listens on a TCP port, where /proc tells (it does for one's own processes, and root's eyes)."""
    wanted = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    for process in processes.everyone() if wanted else ():
        if wanted & processes.open_files(process.pid):
            return f"process {process.pid} ({processes.words(process.pid)})"
    return None


def _listening_inodes(port: int) -> list[str]:
    found = []
    for table in ("tcp", "tcp6"):
        try:
            lines = Path("/proc/net", table).read_text().splitlines()[1:]
        except OSError:
            continue
        rows = (line.split() for line in lines)
        found += [row[9] for row in rows if row[3] == LISTENING and int(row[1].rpartition(":")[2], 16) == port]
    return found
