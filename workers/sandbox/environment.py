"""What a command's environment holds: built from nothing, so that no secret of Hive's own environment gets in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from workers.sandbox.port import SandboxError

SANDBOX = "HIVE_SANDBOX"
WORKSPACE = "HIVE_WORKSPACE"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_LONGEST_BYTES = 128 * 1024 - 1  # the kernel's bound for one argument or one variable, its closing NUL included
_RESERVED = (SANDBOX, WORKSPACE, "PORT")


def build(own: Mapping[str, str], wanted: Mapping[str, str] | None) -> dict[str, str]:
    """The command's environment: the sandbox's own variables and what the caller adds.

    Values may hold anything but NUL: newlines, quotes, words that look like options. Raises SandboxError for what no
    process can be given.
    """
    for name, value in (wanted or {}).items():
        if not _NAME.match(name):
            raise SandboxError(f"{name!r} is no name for a variable: use letters, digits and _.", permanent=True)
        _check(f"The variable {name}", f"{name}={value}")
    defaults = {"LANG": "C.UTF-8", "TERM": "dumb", "CI": "true"}
    reserved = {name: own[name] for name in _RESERVED if name in own}
    return {**defaults, **own, **(wanted or {}), **reserved}


def check_arguments(argv: Sequence[str]) -> list[str]:
    """The same arguments as a list. Raises SandboxError for what no process can be given."""
    if isinstance(argv, str) or not argv or not argv[0]:
        raise SandboxError("A command is a list of arguments, and the first one names the program.", permanent=True)
    for argument in argv:
        _check(f"An argument of {argv[0]!r}", argument)
    return list(argv)


def _check(what: str, text: str) -> None:
    if "\0" in text:
        raise SandboxError(f"{what} holds a NUL byte.", permanent=True)
    size = len(text.encode("utf-8", "surrogateescape"))
    if size > _LONGEST_BYTES:
        raise SandboxError(f"{what} is {size} bytes long; {_LONGEST_BYTES} are possible.", permanent=True)
