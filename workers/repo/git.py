"""Run git: argument lists, an environment made from nothing, bounded in time."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

TIMEOUT_S = 120.0
# Hooks, file watchers and credential helpers are programs that a repository or a user could name.
SAFE = (
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.fsmonitor=false",
    "-c", "credential.helper=",
    "-c", "protocol.ext.allow=never",
    "-c", "safe.directory=*",
    "-c", "gc.auto=0",
    "-c", "core.autocrlf=false",
)  # fmt: skip
IDENTITY = {"NAME": "Hive", "EMAIL": "hive@localhost"}


class GitError(Exception):
    """Git refused; carries what it said."""


class GitMissing(GitError):
    """There is no git on this machine: install it (Debian: apt-get install git)."""


class NothingFound(GitError):
    """It looked and found nothing: it ended with 1, and said nothing."""


def git(
    *args: str | Path,
    cwd: Path | None = None,
    stdin: bytes = b"",
    date: str = "",
    given: Mapping[str, str] = MappingProxyType({}),
) -> bytes:
    """What git prints to standard output; `given` is added to its environment. Raises GitError where it fails."""
    command = ["git", *SAFE, *map(str, args)]
    verb = next((str(arg) for arg in args if not str(arg).startswith("-")), "")
    try:
        env = {**environment(date), **given}
        result = subprocess.run(
            command, cwd=cwd, input=stdin, env=env, capture_output=True, timeout=TIMEOUT_S, check=False
        )
    except FileNotFoundError:
        raise GitMissing(GitMissing.__doc__) from None
    except subprocess.TimeoutExpired:
        raise GitError(f"git {verb} took longer than {TIMEOUT_S:g} s.") from None
    if result.returncode:
        said = result.stderr.decode(errors="replace").strip()
        if verb == "grep" and result.returncode == 1 and not said:
            raise NothingFound(NothingFound.__doc__)
        raise GitError(f"git {verb} failed: {said or f'exit status {result.returncode}'}")
    return result.stdout


def environment(date: str = "") -> dict[str, str]:
    """Git's environment: nothing of Hive's own, no user or system configuration, no prompts."""
    who = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in IDENTITY.items()}
    when = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date} if date else {}
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": "/nonexistent",
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        **who,
        **when,
    }
