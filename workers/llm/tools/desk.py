"""Desk: the sandbox and the place in it where a model works on one task."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from workers.llm.tools.port import ToolFailed
from workers.sandbox.port import WORKSPACE, Sandbox, UnsafePath

READ_LIMIT_BYTES = 4 * 1024 * 1024
REMOVE_TIMEOUT_S = 10.0


@dataclass
class Desk:
    """`home`: where commands start and relative paths begin. `locked` says why a path may not be changed, or nothing.

    `put` gets the output of commands as it comes.
    """

    sandbox: Sandbox
    home: str = WORKSPACE
    command_timeout_s: float = 120.0
    longest_timeout_s: float = 600.0
    no_output_s: float | None = None
    put: Callable[[bytes], None] = lambda _: None
    locked: Callable[[str], str] = lambda _: ""
    env: Mapping[str, str] = field(default_factory=dict)

    def path(self, path: str) -> str:
        """A path below /workspace, from one that the model wrote. Raises ToolFailed for one that leads out."""
        written = path.strip() or "."
        if written.startswith(f"{self.sandbox.workspace}/"):  # as commands see it, where that is another name
            written = WORKSPACE + written.removeprefix(self.sandbox.workspace)
        whole = posixpath.normpath(posixpath.join(self.home, written))
        if whole != WORKSPACE and not whole.startswith(f"{WORKSPACE}/"):
            raise ToolFailed(f"{path} lies outside {WORKSPACE}; use a path below it.")
        return whole

    def read(self, path: str) -> bytes:
        whole = self.path(path)
        try:
            data = self.sandbox.read(whole, READ_LIMIT_BYTES + 1)
        except (FileNotFoundError, NotADirectoryError):
            raise ToolFailed(f"There is no file {path}.") from None
        except IsADirectoryError:
            raise ToolFailed(f"{path} is a folder. List it with glob.") from None
        except UnsafePath as error:
            raise ToolFailed(str(error)) from None
        if len(data) > READ_LIMIT_BYTES:
            raise ToolFailed(
                f"{path} is larger than {READ_LIMIT_BYTES // 1024 // 1024} MiB. Look at parts of it with shell."
            )
        return data

    def read_text(self, path: str) -> str:
        data = self.read(path)
        if b"\0" in data[:8192]:
            raise ToolFailed(f"{path} is a binary file of {len(data):,} bytes.")
        return data.decode(errors="replace")

    def write(self, path: str, data: bytes) -> None:
        whole = self.path(path)
        if why := self.locked(whole):
            raise ToolFailed(f"{path} may not be changed: {why}")
        try:
            self.sandbox.write(whole, data)
        except (UnsafePath, IsADirectoryError, NotADirectoryError) as error:
            raise ToolFailed(f"{path} cannot be written: {error}") from None

    def from_home(self, path: str) -> str:
        """The same path as a command that starts in `home` may name it, whatever the kind of sandbox."""
        return posixpath.relpath(self.path(path), self.home)

    def remove(self, path: str) -> None:
        if why := self.locked(self.path(path)):
            raise ToolFailed(f"{path} may not be deleted: {why}")
        command = ["rm", "-f", "--", self.from_home(path)]
        result = self.sandbox.run(command, timeout_s=REMOVE_TIMEOUT_S, on_output=self.put, cwd=self.home)
        if not result.ok:
            raise ToolFailed(f"{path} cannot be deleted: {result.message}")
