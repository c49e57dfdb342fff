"""The warm process: it has imported what web, workers and beat import, and forks each of them from that.

Started one by one, each of them spends a second importing the same modules and keeps its own copy of them; forked, they
start in milliseconds, also after a crash, and share the memory. The warm process itself opens no connection and starts
no thread: a fork copies neither.

A request: one line of JSON on a unix socket, and the descriptors it needs. The process that answers it forks twice, so
that the child hangs below the supervisor, as one that the supervisor started itself.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from hive.cli.up import linux

LONGEST_REQUEST_BYTES = 256 * 1024
LONGEST_ADOPTION_S = 5.0


@dataclass(frozen=True)
class Order:
    """What a fork is to become. `files`: descriptors as received, for the `numbers` that the program expects."""

    name: str
    argv: list[str]
    environment: dict[str, str]
    parent: int
    output: int
    go: int
    numbers: list[int]
    files: list[int]


def main(arguments: list[str]) -> None:
    path, *modules = arguments
    for module in modules:
        if not module.startswith("-"):  # padding; see _rename
            importlib.import_module(module)
    _refuse_threads()
    gc.collect()
    gc.freeze()  # a collection in a child would write to every object, and copy the page that it lies on
    order = serve(path)
    become(order)
    runpy.run_module(order.argv[0], run_name="__main__", alter_sys=True)


def _refuse_threads() -> None:
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads > 1:
        sys.exit(f"the warm process has {threads} threads after its imports; forks would lack them")


def serve(path: str) -> Order:
    """Answer requests for ever; returns in the forked child only, with its order."""
    Path(path).unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    os.umask(0o077)
    listener.bind(path)
    os.umask(0o022)
    listener.listen(16)
    while True:
        connection, _ = listener.accept()
        with connection:
            order = _receive(connection)
            if order is None:
                continue
            pid = os.fork()
            if pid == 0 and _fork_again(connection):
                listener.close()
                return order
            os.waitpid(pid, 0)
            for descriptor in (order.output, order.go, *order.files):
                os.close(descriptor)


def _receive(connection: socket.socket) -> Order | None:
    """None for a connection that asks nothing: the supervisor looks whether the warm process answers."""
    data, descriptors, _, _ = socket.recv_fds(connection, LONGEST_REQUEST_BYTES, 16)
    if not data:
        return None
    while not data.endswith(b"\n"):
        more = connection.recv(LONGEST_REQUEST_BYTES)
        if not more:
            return None
        data += more
    output, go, *files = descriptors
    return Order(**json.loads(data), output=output, go=go, files=files)


def _fork_again(connection: socket.socket) -> bool:
    """True in the grandchild; the child between them tells its id and is gone, which cuts the grandchild loose."""
    pid = os.fork()
    if pid == 0:
        return True
    connection.sendall(str(pid).encode())
    os._exit(0)


def become(order: Order) -> None:
    """Turn this fork into what spawn.py would have started: session, output, death with the supervisor, environment."""
    os.setsid()
    if os.read(order.go, 1) != b"1":
        os._exit(1)  # the supervisor gave up on this request and has started another process
    deadline = time.monotonic() + LONGEST_ADOPTION_S
    while os.getppid() != order.parent and time.monotonic() < deadline:
        time.sleep(0.001)  # until the process between is gone
    linux.die_with_parent(signal.SIGKILL)
    if os.getppid() != order.parent:
        os._exit(1)
    null = os.open(os.devnull, os.O_RDONLY)
    wanted = {0: null, 1: order.output, 2: order.output, **dict(zip(order.numbers, order.files, strict=True))}
    for number, descriptor in wanted.items():
        os.dup2(descriptor, number)
    for descriptor in {null, order.output, order.go, *order.files} - set(wanted):
        os.close(descriptor)
    os.environ.update(order.environment)
    sys.argv[:] = order.argv
    linux.name_process(f"hive-{order.name}")
    _rename([sys.executable, "-P", "-m", *order.argv])


def _rename(argv: list[str]) -> None:
    """Have `ps` show the program and not the warm process, as far as the room of the first command line goes."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    start, end = int(fields[45]), int(fields[46])
    title = b"\0".join(map(os.fsencode, argv))[: end - start - 1]
    ctypes.memmove(start, title.ljust(end - start, b"\0"), end - start)


if __name__ == "__main__":
    main(sys.argv[1:])
