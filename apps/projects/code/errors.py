"""Why a project's files or history cannot be had, or changed."""

from __future__ import annotations


class CodeError(Exception):
    """The message is for the reader."""


class NotThere(CodeError):
    """No such branch, commit, file or folder."""


class BadName(CodeError):
    """A path or a name that Hive does not take: it leads out, or git would take it for something else."""


class Occupied(CodeError):
    """Something else is there already, or it is not as it was when the caller looked. `now`: what is there."""

    def __init__(self, message: str, now: str = "") -> None:
        super().__init__(message)
        self.now = now


class Changed(Occupied):
    """The file is not what the caller saw."""


class TooMuch(CodeError):
    """More than is taken, or given, at once."""
