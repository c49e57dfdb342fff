"""git_status, git_diff, git_log, git_commit: the task's own history, kept outside the sandbox: no job can bend it."""

from __future__ import annotations

from typing import Protocol

from pydantic import Field

from workers.llm.tools.port import Arguments, Instrument


class History(Protocol):
    """The worktree of the task, as git sees it. Every call sees the files as they are in the sandbox now."""

    def status(self) -> str: ...

    def diff(self, path: str) -> str:
        """Since the task began; of one file or folder, or of everything where `path` is empty."""

    def log(self, count: int) -> str: ...

    def commit(self, message: str) -> str: ...


class Nothing(Arguments):
    pass


class Diff(Arguments):
    path: str = Field("", description="One file or folder; empty: everything.")


class Log(Arguments):
    count: int = Field(10, ge=1, le=100)


class Commit(Arguments):
    message: str = Field(description="What changed and why.", min_length=1)


def git_tools(history: History) -> list[Instrument]:
    return [
        Instrument("git_status", "List what you have changed.", Nothing, lambda _: history.status()),
        Instrument("git_diff", "Show what you have changed.", Diff, lambda asked: history.diff(asked.path)),
        Instrument("git_log", "Show the newest commits.", Log, lambda asked: history.log(asked.count)),
        Instrument(
            "git_commit", "Commit all changes.", Commit, lambda asked: history.commit(asked.message), changes=True
        ),
    ]
