"""Why opencode does not run in a container's image, and what to do: a binary is for a processor and a C library."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import TypeVar

from workers.coding.engines.port import EngineFailed
from workers.sandbox.port import CannotForward

T = TypeVar("T")
_CANNOT, _NOT_FOUND, _BAD_INSTRUCTION = 126, 127, 128 + signal.SIGILL
_SHOWN = 300  # characters of what it printed
_OR_ELSE = "Or use the engine `model`."


def fitting(listen: Callable[[], T]) -> T:
    """What `listen` gives. Raises EngineFailed where the program cannot run there."""
    try:
        return listen()
    except CannotForward as error:
        raise EngineFailed(f"opencode cannot run in this sandbox: {_why(error)} {_OR_ELSE}") from error


def _why(error: CannotForward) -> str:
    code, printed = error.ended.exit_code, error.printed[-_SHOWN:]
    if code == _BAD_INSTRUCTION:
        return (
            "the engine's processor lacks instructions that it needs (AVX2). Let HIVE_OPENCODE name the binary of the"
            " npm package opencode-linux-x64-baseline."
        )
    if code == _CANNOT or "exec format" in printed.lower():
        return (
            "its binary is for another processor than the engine's. Let HIVE_OPENCODE name the binary of the npm"
            " package for that one (opencode-linux-x64, opencode-linux-arm64)."
        )
    if code == _NOT_FOUND or "GLIBC_" in printed or "symbol not found" in printed:
        return (
            "the image has another C library than its binary needs, or an older one. Use an image with glibc, such as"
            " debian or python:3.13-slim; or for images with musl (Alpine) let HIVE_OPENCODE name the binary of the npm"
            " package opencode-linux-x64-musl."
        )
    return f"{error.ended.message or 'it ended.'} It printed: {printed or 'nothing.'}"
