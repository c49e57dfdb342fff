"""Templates in a git repository: an address with an optional #branch-or-tag, cloned into a cache folder.

    <cache>/<digest of the address>/
        lock                 held while looking for news
        looked               its time is that of the last look; it holds what went wrong then
        current              the commit that counts now
        <commit>/            that commit's files, never changed once they have their name

Whoever renders from a commit's folder is not disturbed by somebody who looks for news; a process that dies half-way
leaves a `new-…` folder that the next one clears away.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import logging
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit, urlunsplit

from workers.coding.engines.template.errors import SourceUnreachable
from workers.coding.engines.template.sources import templates_in
from workers.repo.git import GitError, git

log = logging.getLogger(__name__)

LOOK_EVERY_S = 300.0
RETRY_S = 20.0  # jobs that ask for a repository that is down do not each wait for it
KEEP_OLD_S = 24 * 3600.0  # a job that renders from an older commit has long ended by then


@dataclass(frozen=True)
class GitSource:
    """`look_every_s`: how old what is kept may get before the repository is asked for news."""

    address: str
    cache: Path
    look_every_s: float = LOOK_EVERY_S

    @property
    def label(self) -> str:
        return without_credentials(self.address)

    @property
    def _folder(self) -> Path:
        return self.cache / hashlib.sha256(self.address.encode()).hexdigest()[:16]

    def templates(self) -> dict[str, Path]:
        name = re.sub(r"\.git$", "", self._url.rstrip("/").rsplit("/", 1)[-1].rsplit(":", 1)[-1])
        return templates_in(self.checkout(), name)

    def checkout(self) -> Path:
        """The folder of the newest commit known. Without an answer from the repository: of the newest kept."""
        with self._locked():
            current = self._current()
            age_s, said = self._last_look()
            if current and age_s < self.look_every_s:
                return current
            if said and age_s < RETRY_S:
                return current or self._give_up(said)
            try:
                newest: Path | None = self._fetch(current)
                said = ""
            except (GitError, OSError) as error:
                newest, said = current, self._say(error)
                log.warning("templates of %s: no news: %s", self.label, said)
            (self._folder / "looked").write_text(said)
            return newest or self._give_up(said)

    def _give_up(self, said: str) -> NoReturn:
        raise SourceUnreachable(f"The templates of {self.label} cannot be fetched: {said}")

    def _fetch(self, current: Path | None) -> Path:
        if self._url.startswith("-") or (self._ref or "").startswith("-"):
            raise GitError("this is no address of a repository.")
        said = git("ls-remote", "--", self._url, *self._wanted()).decode().splitlines()
        commits = {name: commit for commit, name in (line.split("\t") for line in said)}
        newest = next((commits[name] for name in self._wanted() if name in commits), None)
        if newest is None:
            raise GitError(f"it has no {self._ref or 'commit'}.")
        if current and newest == current.name:
            return current
        self._clear()
        fresh = Path(tempfile.mkdtemp(prefix="new-", dir=self._folder))
        branch = ("--branch", self._ref) if self._ref else ()
        git("clone", "--quiet", "--depth=1", "--single-branch", *branch, "--", self._url, fresh / "files")
        commit = git("rev-parse", "HEAD", cwd=fresh / "files").decode().strip()
        shutil.rmtree(fresh / "files" / ".git")
        return self._keep(fresh, commit)

    def _keep(self, fresh: Path, commit: str) -> Path:
        kept = self._folder / commit
        if not kept.exists():
            (fresh / "files").rename(kept)
        shutil.rmtree(fresh)
        note = self._folder / "current.new"
        note.write_text(commit)
        note.replace(self._folder / "current")
        os.utime(kept)
        return kept

    @property
    def _url(self) -> str:
        return self.address.partition("#")[0]

    @property
    def _ref(self) -> str | None:
        return self.address.partition("#")[2] or None

    def _wanted(self) -> tuple[str, ...]:
        """Names to ask for, the first that there is counts; an annotated tag's commit goes by the name with ^{}."""
        ref = self._ref
        return (f"refs/heads/{ref}", f"refs/tags/{ref}^{{}}", f"refs/tags/{ref}") if ref else ("HEAD",)

    def _current(self) -> Path | None:
        with contextlib.suppress(FileNotFoundError):
            folder = self._folder / (self._folder / "current").read_text()
            return folder if folder.is_dir() else None
        return None

    def _last_look(self) -> tuple[float, str]:
        """How many seconds ago it was, and what went wrong then."""
        looked = self._folder / "looked"
        with contextlib.suppress(FileNotFoundError):
            return time.time() - looked.stat().st_mtime, looked.read_text()
        return float("inf"), ""

    def _clear(self) -> None:
        """Forget what a dead process left half-made, and commits that nobody has used for a day."""
        current = self._current()
        for folder in self._folder.iterdir():
            old = time.time() - folder.stat().st_mtime > KEEP_OLD_S
            if folder.is_dir() and folder != current and (old or folder.name.startswith("new-")):
                shutil.rmtree(folder, ignore_errors=True)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _say(self, error: Exception) -> str:
        """The error without the address's user name and password, in whichever form git repeated them."""
        said = str(error).replace(self._url, without_credentials(self._url))
        return re.sub(r"://[^/\s@]*@", "://", said)


def without_credentials(address: str) -> str:
    parts = urlsplit(address)
    if "@" not in parts.netloc:
        return address
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
