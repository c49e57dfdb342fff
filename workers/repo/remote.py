"""A repository elsewhere: what it has, fetching from it, pushing to it."""

from __future__ import annotations

import fcntl
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from workers.repo.errors import PushRejected, RemoteAway, RemoteError, RemoteRefused, Stopped
from workers.repo.repository import Repository
from workers.repo.talk import Bounds, Said, talk
from workers.repo.way import Rules, way_to

TRACKED = "refs/remotes/origin/"
LOCK_LOOK_S = 0.1
# What a hostile history can hold, and a careless old one does too.
CHECKED = (
    "fetch.fsckObjects=true",
    *(f"fetch.fsck.{name}=error" for name in ("hasDot", "hasDotdot", "hasDotgit")),
    *(f"fetch.fsck.{name}=ignore" for name in ("zeroPaddedFilemode", "missingSpaceBeforeDate", "badTimezone")),
    "core.bigFileThreshold=16m",  # what is larger is streamed, not read into memory
)
REFUSALS = (
    (r"Authentication failed|could not read (?:Username|Password)|HTTP 401|Permission denied|error: 40[13]",
     "It does not let Hive in: the name or the password is wrong, or may not do this."),
    (r"not found|HTTP 404|error: 404|does not exist|not appear to be a git repository|no such repository",
     "There is no repository at this address, or not for this name and password."),
    (r"unable to update url base from redirection|error: 30[1278]",
     "It sends Hive on to another address. Use the one that it leads to; a password is not taken along."),
    (r"REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed",
     "Its host key is not the one that it had before."),
    (r"SSL|certificate", "Its certificate cannot be trusted."),
    (r"Load key|invalid format|error in libcrypto", "What was entered as the password is not a private key."),
    (r"fsck error|invalid index-pack|bad (?:object|tree)", "Its history holds what git calls broken or dangerous."),
)  # fmt: skip


@dataclass(frozen=True)
class Remote:
    """How to get there. `secret` is a password, a token or, for ssh, a private key."""

    url: str
    user: str = ""
    secret: str = field(default="", repr=False)
    rules: Rules = field(default_factory=Rules)
    bounds: Bounds = field(default_factory=Bounds)

    def heads(self, *names: str) -> tuple[str, dict[str, str]]:
        """The branch that it calls its own (or nothing), and the commits of these branches, where it has them."""
        wanted = [f"refs/heads/{name}" for name in names]
        said = self._talk("ls-remote", "--symref", "--", self.url, "HEAD", *wanted)
        own, found = "", {}
        for line in said.answer.decode(errors="replace").splitlines():
            value, _, name = line.partition("\t")
            if value.startswith("ref: refs/heads/") and name == "HEAD":
                own = value.removeprefix("ref: refs/heads/")
            elif name in wanted:
                found[name.removeprefix("refs/heads/")] = value
        return own, found

    def fetch(self, repository: Repository) -> None:
        """Bring the repository's copies of all branches up to date; those that are gone there go here too."""
        into = ("--prune", "--no-tags", "--no-write-fetch-head", "--no-auto-gc", "--progress")
        with self._alone(repository):
            self._talk("fetch", *into, "--", self.url, f"+refs/heads/*:{TRACKED}*", into=repository)

    def push(self, repository: Repository, commit: str, branch: str, old: str) -> None:
        """Bring the branch from `old` (nothing: it is new) to the commit, never by force. Raises PushRejected."""
        expected = f"--force-with-lease=refs/heads/{branch}:{old}"
        words = ("--porcelain", "--progress", expected, "--", self.url, f"{commit}:refs/heads/{branch}")
        said = self._talk("push", *words, into=repository, rejectable=True)
        verdict = next((line for line in said.answer.decode(errors="replace").splitlines() if "\t" in line), "")
        if said.code or verdict.startswith("!"):
            why = verdict.rpartition("\t")[2] or said.words
            moved = bool(re.search(r"stale info|fetch first|non-fast-forward|cannot lock ref|reference already", why))
            raise PushRejected(
                self._clean(f"The origin did not take {branch}: {why}\n{_told(said)}").strip(), moved=moved
            )

    @contextmanager
    def _alone(self, repository: Repository) -> Iterator[None]:
        """One fetch at a time: two would stand in each other's way. The lock goes with its process."""
        until = time.monotonic() + self.bounds.timeout_s
        with (repository.path / "hive-fetch.lock").open("w") as lock:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if self.bounds.stop.wait(LOCK_LOOK_S):
                        raise Stopped from None
                    if time.monotonic() > until:
                        raise RemoteAway("Another fetch of this repository does not end.") from None
            yield

    def _talk(self, verb: str, *words: str, into: Repository | None = None, rejectable: bool = False) -> Said:
        where = [f"--git-dir={into.path}"] if into else []
        with way_to(self.url, self.user, self.secret, self.rules) as way:
            options = [*where, *(word for one in CHECKED for word in ("-c", one)), *way.options]
            said = talk(
                [*options, verb, *(way.url if word == self.url else word for word in words)], way.given, self.bounds
            )
        if said.code and not (rejectable and said.code == 1 and b"!\t" in said.answer):
            raise self._trouble(verb, said)
        return said

    def _trouble(self, verb: str, said: Said) -> RemoteError:
        for pattern, sentence in REFUSALS:
            if re.search(pattern, said.words):
                return RemoteRefused(self._clean(f"{sentence} ({_last(said.words)})"))
        return RemoteAway(self._clean(f"git {verb} failed: {said.words or f'exit status {said.code}'}"))

    def _clean(self, text: str) -> str:
        """What git repeated of the address or the secret is taken out."""
        text = re.sub(r"://[^/\s@]*@", "://", text)
        return text.replace(self.secret, "[masked]") if self.secret else text


def _last(words: str) -> str:
    return words.splitlines()[-1] if words else ""


def _told(said: Said) -> str:
    """What the server itself had to say: its rules, mostly."""
    return "\n".join(line for line in said.words.splitlines() if line.startswith("remote:"))[:2000]
