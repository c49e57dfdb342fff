"""TaskHistory: the git tools of a model, on the worktree that mirrors its workspace."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field

from workers.llm.tools.desk import Desk
from workers.mirror import Mirror
from workers.repo.worktree import Worktree
from workers.sandbox.port import WORKSPACE


@dataclass
class TaskHistory:
    """See tools.git.History. What the model commits is a note for the reader: Hive commits the task as a whole."""

    worktree: Worktree
    mirror: Mirror
    desk: Desk
    notes: list[str] = field(default_factory=list)

    def status(self) -> str:
        self.mirror.sync()
        return self.worktree.changed() or "Nothing has changed."

    def diff(self, path: str) -> str:
        self.mirror.sync()
        inside = posixpath.relpath(self.desk.path(path), WORKSPACE) if path else ""
        return self.worktree.diff("" if inside == "." else inside) or "Nothing has changed."

    def log(self, count: int) -> str:
        return self.worktree.log(count)

    def commit(self, message: str) -> str:
        self.mirror.sync()
        self.notes.append(message)
        return f"Noted. When you submit, everything is committed with this message:\n{message}"
