"""How much a commit would be on disk, counted before anything is written."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

from workers.repo.errors import RemoteRefused, TooLarge
from workers.repo.git import SAFE, environment
from workers.repo.repository import Repository

MOST_FILES = 200_000


@dataclass(frozen=True)
class Weight:
    files: int
    size_bytes: int


def weigh(repository: Repository, commit: str, most_bytes: int, most_files: int = MOST_FILES) -> Weight:
    """Files and bytes of the commit. Stops at the bound: a few small objects can stand for more files than any disk
    holds. Raises TooLarge, RemoteRefused."""
    command = ["git", *SAFE, f"--git-dir={repository.path}", "ls-tree", "-r", "-l", "-z", commit]
    files = size_bytes = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment()) as process:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        rest = b""
        try:
            while data := process.stdout.read(65536):
                *entries, rest = (rest + data).split(b"\0")
                for entry in entries:
                    size = entry.partition(b"\t")[0].split()[-1]
                    files, size_bytes = files + 1, size_bytes + (int(size) if size.isdigit() else 0)
                if files > most_files:
                    raise RemoteRefused(f"It has more than {most_files:,} files.")
                if size_bytes > most_bytes:
                    raise TooLarge(most_bytes)
        finally:
            process.kill()
    return Weight(files, size_bytes)
