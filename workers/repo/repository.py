"""A bare repository that Hive owns: branches, commits, trees."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from workers.repo.git import SAFE, GitError, NothingFound, environment, git

# A tree's own attributes must not decide what the tester gets to see: these here come before them.
ATTRIBUTES = "* -export-ignore -export-subst\n"
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
BEGINNING = "1970-01-01T00:00:00Z"  # the first commit is the same for everybody, so that two at once agree


class Repository:
    """One bare repository. Every method can be called from several processes at once."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def ensure(self, branch: str = "main") -> None:
        """Make the repository with an empty first commit, if it is not there yet.

        It is made aside and renamed into place, so that nobody ever sees half of one.
        """
        if self.path.exists():
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        aside = self.path.with_name(f".{self.path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        try:
            git("init", "--quiet", "--bare", f"--initial-branch={branch}", aside)
            fresh = Repository(aside)
            (aside / "info").mkdir(exist_ok=True)
            (aside / "info" / "attributes").write_text(ATTRIBUTES)
            empty_tree = fresh._git("mktree")
            first = fresh._git("commit-tree", empty_tree, "-m", "Begin", date=BEGINNING)
            fresh.set_branch(branch, first)
            with contextlib.suppress(OSError):  # somebody else's is there already: it is the same
                aside.rename(self.path)
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def resolve(self, name: str) -> str:
        """The commit behind a branch or a hash. Raises GitError if there is none."""
        return self._git("rev-parse", "--verify", "--end-of-options", f"{name}^{{commit}}")

    def resolve_object(self, name: str) -> str:
        """The same for any object, such as the tree of a commit."""
        return self._git("rev-parse", "--verify", "--end-of-options", name)

    def has(self, commit: str) -> bool:
        try:
            self._git("cat-file", "-e", f"{commit}^{{commit}}")
        except GitError:
            return False
        return True

    def set_branch(self, branch: str, commit: str) -> None:
        self._git("update-ref", f"refs/heads/{branch}", commit)

    def branches(self, below: str = "refs/heads/") -> dict[str, str]:
        """The commits of all branches below this prefix, by the rest of their names."""
        lines = self._git("for-each-ref", "--format=%(objectname) %(refname)", below).splitlines()
        return {name.removeprefix(below): commit for commit, _, name in (line.partition(" ") for line in lines)}

    def move_branch(self, branch: str, old: str, new: str) -> bool:
        """Move the branch only if it is still at `old`."""
        try:
            self._git("update-ref", f"refs/heads/{branch}", new, old)
        except GitError:
            return False
        return True

    def is_ancestor(self, older: str, newer: str) -> bool:
        try:
            self._git("merge-base", "--is-ancestor", older, newer)
        except GitError:
            return False
        return True

    def holds(self, commit: str, path: str) -> bool:
        """Whether the commit has this file, or this directory with something in it."""
        return bool(self._git("ls-tree", "--name-only", commit, "--", f":(literal){path.strip('/')}"))

    def files(self, commit: str, folder: str = "") -> list[str]:
        pathspec = ["--", f":(literal){folder.strip('/')}"] if folder.strip("/") else []
        return self._git("ls-tree", "-r", "--name-only", "-z", commit, *pathspec).split("\0")[:-1]

    def changes(self, base: str, commit: str) -> list[tuple[str, str]]:
        """(A|M|D|T, path) for every file that differs; a rename is a deletion and an addition."""
        words = self._git("diff", "--name-status", "--no-renames", "-z", base, commit).split("\0")[:-1]
        return list(zip(words[::2], words[1::2], strict=True))

    def holding(self, commit: str, words: Sequence[bytes]) -> list[str]:
        """Files of the commit, binary ones too, in which one of `words` stands; a word has no line end and no NUL.

        The words go through standard input: a command line is seen by everybody on the machine.
        """
        if not words:
            return []
        command = ["grep", "--fixed-strings", "--text", "--name-only", "-z", "--no-color", "-f", "-", commit]
        try:
            found = git(f"--git-dir={self.path}", *command, stdin=b"\n".join(words))
        except NothingFound:
            return []
        return [name.partition(":")[2] for name in found.decode(errors="surrogateescape").split("\0")[:-1]]

    def content(self, commit: str, path: str, limit_bytes: int) -> bytes:
        """A file as the commit has it, `limit_bytes` of it at most. Raises GitError where there is none."""
        return git(f"--git-dir={self.path}", "cat-file", "blob", f"{commit}:{path}")[:limit_bytes]

    def diff(self, base: str, commit: str) -> bytes:
        return git(f"--git-dir={self.path}", "diff", "--no-color", "--no-ext-diff", "--no-textconv", base, commit)

    @contextlib.contextmanager
    def archive(self, commit: str) -> Iterator[IO[bytes]]:
        """All of the commit's files as a tar stream."""
        command = ["git", *SAFE, f"--git-dir={self.path}", "archive", "--format=tar", commit]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
        assert process.stdout is not None  # noqa: S101 - both are pipes
        assert process.stderr is not None  # noqa: S101
        try:
            yield process.stdout
            left_early = bool(process.stdout.read(1))
            process.stdout.close()
            if not left_early and process.wait(timeout=30):
                raise GitError(f"git archive failed: {process.stderr.read().decode(errors='replace').strip()}")
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
            process.stderr.close()

    def tree_at(self, commit: str, folder: str) -> str:
        """The tree of a folder of the commit (empty: of all of it); nothing where it has none."""
        if not folder.strip("/"):
            return self._git("rev-parse", "--verify", "--end-of-options", f"{commit}^{{tree}}")
        entry = self._git("ls-tree", "-d", "-z", "--full-tree", commit, "--", f":(literal){folder.strip('/')}")
        mode, _, rest = entry.partition(" tree ")
        return rest.partition("\t")[0] if mode == "040000" else ""

    def with_folder(self, tree: str, folder: str, content: str) -> str:
        """The tree (of a commit, too) with this folder replaced as a whole by the tree `content`; empty: without it."""
        name, _, rest = folder.strip("/").partition("/")
        entries = self._git("ls-tree", "-z", tree).split("\0")[:-1] if tree else []
        kept = [entry for entry in entries if entry.partition("\t")[2] != name]
        inner = self.with_folder(self.tree_at(tree, name) if tree else "", rest, content) if rest else content
        if inner and inner != EMPTY_TREE:
            kept.append(f"040000 tree {inner}\t{name}")
        data = "".join(f"{entry}\0" for entry in kept).encode(errors="surrogateescape")
        return git(f"--git-dir={self.path}", "mktree", "-z", stdin=data).decode().strip()

    def write_commit(self, tree: str, parents: Sequence[str], message: str) -> str:
        flags = [word for parent in parents for word in ("-p", parent)]
        return self._git("commit-tree", tree, *flags, "-m", message)

    def _git(self, *args: str, date: str = "") -> str:
        return git(f"--git-dir={self.path}", *args, date=date).decode(errors="surrogateescape").removesuffix("\n")
