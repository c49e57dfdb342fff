"""What can go wrong with a remote, by who must act.

GitError
└── RemoteError
    ├── RemoteAway      it may come back: worth another try
    ├── RemoteRefused   somebody must change something: the address, the password, the setting
    ├── PushRejected    the remote's branch, or the remote's rules, stand in the way
    └── TooLarge        more than the installation takes
Stopped                 somebody asked to stop
"""

from __future__ import annotations

from workers.repo.git import GitError


class RemoteError(GitError):
    """The remote repository cannot be used."""


class RemoteAway(RemoteError):
    """The remote does not answer, or not in time."""


class RemoteRefused(RemoteError):
    """The remote does not let Hive in, or Hive does not go there."""


class PushRejected(RemoteError):
    """The remote did not take the branch. `moved`: because it has other commits there."""

    def __init__(self, message: str, *, moved: bool) -> None:
        super().__init__(message)
        self.moved = moved


class TooLarge(RemoteError):
    """More than Hive takes."""

    def __init__(self, size_bytes: int) -> None:
        super().__init__(f"It is larger than the {size_bytes // (1024 * 1024)} MiB that are taken (HIVE_GIT_LIMIT_MB).")


class Stopped(Exception):
    """Somebody asked to stop."""
