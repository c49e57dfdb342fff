"""Ask git, and take no more of its answer than was meant to be taken, in no more time."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from apps.projects.code.errors import CodeError, TooMuch
from workers.repo.git import SAFE, environment
from workers.repo.repository import Repository

TIMEOUT_S = 20.0
CAREFUL = ("-c", "core.bigFileThreshold=4m", "-c", "core.quotePath=false", "--literal-pathspecs")


@dataclass(frozen=True)
class Answer:
    data: bytes
    cut: bool


def ask(repository: Repository, words: Sequence[str], most_bytes: int, timeout_s: float = TIMEOUT_S) -> Answer:
    """The first bytes of git's answer. Raises CodeError where git refuses, TooMuch where it does not come to an end."""
    with asked(repository, words, timeout_s) as answer:
        data = answer.read(most_bytes + 1)
    return Answer(data[:most_bytes], len(data) > most_bytes)


@contextmanager
def asked(repository: Repository, words: Sequence[str], timeout_s: float = TIMEOUT_S) -> Iterator[IO[bytes]]:
    """git's answer as it comes; it is left alone at the end of the block, however much of it there would be."""
    command = ["git", *SAFE, *CAREFUL, f"--git-dir={repository.path}", *words]
    late = threading.Event()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()) as process:
        assert process.stdout is not None  # noqa: S101 - both are pipes
        assert process.stderr is not None  # noqa: S101

        def give_up() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(timeout_s, give_up)
        timer.start()
        try:
            yield process.stdout
            left = bool(process.stdout.read(1))
            if left:
                process.kill()
            elif process.wait() and not late.is_set():
                raise CodeError(f"git {words[0]} failed: {process.stderr.read(4096).decode(errors='replace').strip()}")
        finally:
            timer.cancel()
            process.kill()
    if late.is_set():
        raise TooMuch(f"git {words[0]} takes longer than {timeout_s:g} s. Ask for less: one folder or one file.")
