"""Run a shell script in a sandbox and look at what it printed; see what of it the host still runs."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workers.sandbox import Result, Sandbox

PATIENCE_S = 30.0


@dataclass(frozen=True)
class Seen:
    result: Result
    text: str


def run(sandbox: Sandbox, *argv: str, timeout_s: float = PATIENCE_S, **options: Any) -> Seen:
    printed = bytearray()
    result = sandbox.run(argv, timeout_s=timeout_s, on_output=printed.extend, **options)
    return Seen(result, printed.decode(errors="replace"))


def sh(sandbox: Sandbox, script: str, **options: Any) -> Seen:
    return run(sandbox, "sh", "-c", script, **options)


def py(sandbox: Sandbox, script: str, **options: Any) -> Seen:
    return run(sandbox, "python3", "-c", script, **options)


def new_mark() -> str:
    """A number of seconds to sleep that no other process sleeps: by it the host's processes are found."""
    return f"9{secrets.randbelow(10**8):08}"


def on_host(mark: str, program: str = "") -> list[int]:
    """The host's live processes (of one program) with the mark among their arguments."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                arguments = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if program.encode() in arguments[0] and any(mark.encode() in argument for argument in arguments):
                found.append(int(folder.name))
    return found


def eventually(true: Callable[[], object], within_s: float = PATIENCE_S) -> bool:
    """Ask until it is so, or the time is up."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.02)
    return bool(true())
