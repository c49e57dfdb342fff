"""What the supervisor has to know about a child: data, so that tests bring their own tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Answer:
    """A child is ready once it answers: connect to `address`, send `question`, receive what starts with `expected`.

    `address` is the path of a unix socket or (host, port). With nothing expected, accepting the connection is enough.
    """

    address: str | tuple[str, int]
    question: bytes = b""
    expected: bytes = b""


@dataclass(frozen=True)
class Child:
    """One process that `hive up` looks after.

    `needs`: children that must be ready (or done) before it starts, and that are stopped after it.
    `ends_before`: children that are stopped after it, and that it can start without.
    `ready`: how to see that it is; without, it counts as ready when it runs.
    `once`: it does its work and exits with 0; anything else ends `hive up`. Others are started again when they end.
    `gate`: `hive up` is ready only when this child is.
    `warm`: run `-m module …` of its argv in a fork of the warm process (warm.py) instead of a new Python.
    `files`: descriptors of the supervisor that it inherits under the same numbers.
    """

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    ends_before: tuple[str, ...] = ()
    ready: Answer | None = None
    once: bool = False
    gate: bool = False
    warm: bool = False
    files: tuple[int, ...] = ()
    grace_s: float = 5.0


def http_get(host: str, port: int, path: str, host_header: str) -> Answer:
    """Ready when GET `path` answers 200."""
    question = f"GET {path} HTTP/1.1\r\nHost: {host_header}\r\nAccept: application/json\r\nConnection: close\r\n\r\n"
    return Answer((host, port), question.encode(), b"HTTP/1.1 200")


def waves(children: tuple[Child, ...]) -> list[list[str]]:
    """Names in the order of stopping: each wave holds the children that no running one needs any more.

    Raises ValueError where a child needs an unknown one, or itself.
    """
    left = {child.name: {*child.needs, *child.ends_before} for child in children}
    unknown = {need for needs in left.values() for need in needs} - set(left)
    if unknown:
        raise ValueError(f"needed by a child, but not in the table: {', '.join(sorted(unknown))}")
    found = []
    while left:
        needed = set().union(*left.values())
        wave = [name for name in left if name not in needed]
        if not wave:
            raise ValueError(f"these children need one another: {', '.join(left)}")
        found.append(wave)
        for name in wave:
            del left[name]
    return found
