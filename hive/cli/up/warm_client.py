"""Asks the warm process for a fork; see warm.py for the other end."""

from __future__ import annotations

import json
import os
import socket

from hive.cli.up.child import Child

PATIENCE_S = 3.0  # a fork takes some 10 ms; the supervisor waits for it and for nothing else


def fork_warm(path: str, child: Child, output: int) -> int:
    """The new process's id; it runs once this function has returned, and becomes a child of the caller.

    Raises OSError where there is no answer. A fork that was made all the same ends by itself: nobody tells it to go.
    """
    if child.argv[1:3] != ("-P", "-m"):
        raise ValueError(f"{child.name}: only `python -P -m module …` can be forked from the warm process")
    request = {
        "name": child.name,
        "argv": child.argv[3:],
        "environment": dict(child.environment),
        "numbers": child.files,
        "parent": os.getpid(),
    }
    held, go = os.pipe()
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(PATIENCE_S)
            connection.connect(path)
            socket.send_fds(connection, [json.dumps(request).encode() + b"\n"], [output, held, *child.files])
            answer = connection.recv(64)
        if not answer:
            raise OSError("the warm process did not fork")
        os.write(go, b"1")
        return int(answer)
    finally:
        os.close(held)
        os.close(go)
