"""Files, folders, history and differences, out of git's objects: no file is ever opened by its path."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from apps.projects.code.errors import BadName, CodeError, NotThere
from apps.projects.code.port import Branch, Change, Commit, Diff, Entry
from workers.code.asking import ask, asked
from workers.code.names import ORIGINS
from workers.repo.git import GitError
from workers.repo.remote import TRACKED
from workers.repo.repository import Repository

CHUNK_BYTES = 64 * 1024
LISTED_BYTES = 4 * 1024 * 1024
DIFF_BYTES = 1024 * 1024
CHANGES = 1000
KINDS = {"040000": "folder", "120000": "link", "160000": "repository"}
BRANCH = "%(refname)%00%(objectname)%00%(committerdate:iso-strict)%00%(contents:subject)"
COMMIT = "%H%x1f%P%x1f%an%x1f%aI%x1f%B"
MESSAGE = 2000
PLAIN = ("--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--ignore-submodules=none")


def branches(repository: Repository, most: int) -> list[Branch]:
    """The newest first; those under refs/hive are Hive's own and not among them."""
    words = ["for-each-ref", "--sort=-committerdate", f"--count={most}", f"--format={BRANCH}", "refs/heads", TRACKED]
    lines = ask(repository, words, LISTED_BYTES).data.decode(errors="replace").splitlines()
    return [_branch(*line.split("\0")) for line in lines if line.count("\0") == 3]


def _branch(name: str, commit: str, at: str, subject: str) -> Branch:
    if name.startswith(TRACKED):
        return Branch(ORIGINS + name.removeprefix(TRACKED), "origin", commit, subject[:200], at)
    return Branch(name.removeprefix("refs/heads/"), "hive", commit, subject[:200], at)


def log(repository: Repository, commit: str, path: str, skip: int, count: int) -> list[Commit]:
    window = [f"--skip={skip}", f"--max-count={count}"]
    words = ["log", "-z", f"--format={COMMIT}", "--no-show-signature", *window, commit, "--", *([path] if path else [])]
    entries = ask(repository, words, LISTED_BYTES).data.decode(errors="replace").split("\0")
    return [_commit(*entry.split("\x1f", 4)) for entry in entries if entry.count("\x1f") >= 4]


def _commit(commit: str, parents: str, author: str, at: str, message: str) -> Commit:
    return Commit(commit, parents.split(), author[:200], at, message.strip()[:MESSAGE])


def diff(repository: Repository, base: str, head: str, path: str = "") -> Diff:
    """Both may be commits or trees."""
    below = ["--", path] if path else []
    names = ask(repository, ["diff-tree", "-r", "-z", *PLAIN, "--name-status", base, head, *below], LISTED_BYTES)
    lines = ask(repository, ["diff-tree", "-r", "-z", *PLAIN, "--numstat", base, head, *below], LISTED_BYTES)
    text = ask(repository, ["diff-tree", "-r", "-p", *PLAIN, base, head, *below], DIFF_BYTES)
    words = names.data.decode(errors="replace").split("\0")
    counts = dict(_counted(lines.data))
    found = [(word, name) for word, name in zip(words[::2], words[1::2], strict=False) if word]
    changes = [Change(name, word[0], *counts.get(name, (None, None))) for word, name in found[:CHANGES]]
    cut = names.cut or text.cut or len(found) > CHANGES
    return Diff(base, head, changes, text.data.decode(errors="replace"), cut)


def _counted(data: bytes) -> Iterator[tuple[str, tuple[int | None, int | None]]]:
    for line in data.decode(errors="replace").split("\0"):
        added, _, rest = line.partition("\t")
        removed, _, name = rest.partition("\t")
        if name:
            yield name, (int(added) if added.isdigit() else None, int(removed) if removed.isdigit() else None)


def entries(repository: Repository, commit: str, folder: str, most: int) -> list[Entry]:
    """What is in a folder, folders first; one more than `most` where there is more."""
    tree = _object(repository, commit, folder)
    if tree.kind not in ("folder", ""):
        raise BadName(f"{folder} is a {tree.kind}, not a folder.")
    found = []
    with asked(repository, ["ls-tree", "-l", "-z", tree.etag]) as answer:
        for line in _records(answer):
            found.append(_entry(line, f"{folder}/" if folder else ""))
            if len(found) > most:
                break
    return sorted(found, key=lambda one: (one.kind != "folder", one.path))


def _records(answer: object) -> Iterator[bytes]:
    """Records between NULs, as they come."""
    rest = b""
    while data := answer.read(CHUNK_BYTES):  # type: ignore[attr-defined]
        *records, rest = (rest + data).split(b"\0")
        yield from records


def _entry(line: bytes, folder: str) -> Entry:
    """`100644 blob <number> <size>\\t<name>`"""
    about, _, name = line.partition(b"\t")
    mode, _, etag, size = about.decode().split()
    kind = KINDS.get(mode, "file")
    size_bytes = int(size) if size.isdigit() else None
    return Entry(folder + name.decode(errors="replace"), kind, size_bytes, etag, mode == "100755")


def _object(repository: Repository, commit: str, path: str) -> Entry:
    """The entry at this path; the root's own tree where it is empty."""
    if not path:
        try:
            return Entry("", "", None, repository.resolve_object(f"{commit}^{{tree}}"))
        except GitError as error:
            raise CodeError(str(error)) from None
    lines = ask(repository, ["ls-tree", "-l", "-z", commit, "--", path], LISTED_BYTES).data.split(b"\0")
    if not lines[0]:
        raise NotThere(f"There is no {path!r} at {commit[:12]}.")
    return _entry(lines[0], "")


def etag_of(repository: Repository, commit: str, path: str) -> str:
    """The etag of the file at this path; empty where there is nothing. Raises BadName for what is no file."""
    try:
        return file(repository, commit, path).etag
    except NotThere:
        return ""


def file(repository: Repository, commit: str, path: str) -> Blob:
    """Raises NotThere; BadName for what is no file: links are never followed."""
    found = _object(repository, commit, path)
    if found.kind == "link":
        raise BadName(f"{path} is a link; Hive follows none. Ask for what it leads to.")
    if found.kind != "file":
        raise BadName(f"{path} is a {found.kind}, not a file.")
    return Blob(repository, found.etag, found.size_bytes or 0, found.executable)


@dataclass(frozen=True)
class Blob:
    """See apps.projects.code.port.File."""

    repository: Repository
    etag: str
    size_bytes: int
    executable: bool = False

    def read(self, start: int, stop: int) -> Iterator[bytes]:
        with asked(self.repository, ["cat-file", "blob", self.etag]) as answer:
            while start > 0 and (skipped := len(answer.read(min(start, CHUNK_BYTES)))):
                start, stop = start - skipped, stop - skipped
            while stop > 0 and (data := answer.read(min(stop, CHUNK_BYTES))):
                stop -= len(data)
                yield data


__all__: Sequence[str] = ("Blob", "branches", "diff", "entries", "etag_of", "file", "log")
