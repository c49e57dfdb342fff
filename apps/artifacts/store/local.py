"""LocalStore: a folder. A key is a path below it.

A file is written beside the keys (in `.partial`), made durable, and then renamed: a process that dies, or a disk that
fills up, leaves a part that nobody sees.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from apps.artifacts.store import links
from apps.artifacts.store.keys import check_key, check_prefix, pieces
from apps.artifacts.store.local_parts import LocalParts, remove_upload
from apps.artifacts.store.port import PIECE_BYTES, BadKey, Info, Link, NotStored, Source, Stored, StoreUnavailable

PARTIAL = ".partial"
NO_SUCH_KEY = (FileNotFoundError, NotADirectoryError, IsADirectoryError)


class LocalStore:
    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def at(cls, root: Path) -> LocalStore:
        """The store in this folder, which is made if it is not there."""
        with _said_clearly("open"):
            root.mkdir(parents=True, exist_ok=True, mode=0o700)
        return cls(root)

    def put(self, stream: Source, key: str, patience_s: float = 0.0) -> Stored:  # noqa: ARG002 - a disk is not away
        return self._place(stream, self._path(key))

    def _place(self, stream: Source, target: Path) -> Stored:
        partial = self.root / PARTIAL / secrets.token_hex(16)
        try:
            with _said_clearly("write"):
                partial.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                file = partial.open("xb")
            try:
                stored = _write(file, stream)
            finally:
                with contextlib.suppress(
                    OSError
                ):  # of a full disk: said already; after a success there is nothing left
                    file.close()
            with _said_clearly("write"):
                _make_folder(target.parent)
                partial.replace(target)
                _sync_folder(target.parent)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        return stored

    @property
    def parts(self) -> LocalParts:
        return LocalParts(self.root / PARTIAL, self._place, self.put)

    def get(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        path = self._path(key)
        with _said_clearly("read", key):
            file = open(path, "rb", opener=_follow_no_link)  # noqa: SIM115 - _read closes it
        return _read(file, start, stop)

    def info(self, key: str) -> Info:
        path = self._path(key)
        with _said_clearly("read", key):
            found = path.lstat()
        if not stat.S_ISREG(found.st_mode):
            raise NotStored(f"Nothing is stored under {key}.")
        return _info(key, found)

    def exists(self, key: str) -> bool:
        self.check()  # a folder that went away is not a store without this key
        try:
            self.info(key)
        except NotStored:
            return False
        return True

    def delete(self, key: str) -> None:
        if self.exists(key):
            with _said_clearly("delete from"):
                self._path(key).unlink(missing_ok=True)

    def list(self, prefix: str = "") -> Iterator[Info]:
        folder, _, _ = check_prefix(prefix).rpartition("/")
        for key in _keys_below(self.root / folder, folder):
            if key.startswith(prefix):
                with contextlib.suppress(FileNotFoundError):  # deleted meanwhile
                    yield _info(key, (self.root / key).stat())

    def link_to_get(self, key: str, expires_s: float, *, file_name: str = "", content_type: str = "") -> Link:
        return links.to_get(key, expires_s, file_name, content_type)

    def link_to_put(self, key: str, expires_s: float, *, size_bytes: int) -> Link:
        return links.to_put(key, expires_s, size_bytes)

    def prepare(self, patience_s: float = 0.0) -> None:  # noqa: ARG002 - a folder is there or is not
        with _said_clearly("make"):
            self.root.mkdir(parents=True, exist_ok=True)

    def check(self) -> None:
        with _said_clearly("reach"):
            self.root.stat()

    def remove_partials(self, before: datetime) -> int:
        removed = 0
        for path in (self.root / PARTIAL).glob("*"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < before.timestamp():
                    remove_upload(path) if path.is_dir() else path.unlink()
                    removed += 1
        return removed

    def _path(self, key: str) -> Path:
        """Where the key lies. Its form keeps it below the root; a link that somebody put there must not lead out."""
        path = self.root / check_key(key)
        if not path.parent.resolve().is_relative_to(self.root.resolve()):
            raise BadKey(f"{key!r} leads out of the store.")
        return path


@contextlib.contextmanager
def _said_clearly(doing: str, key: str = "") -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if key and isinstance(error, NO_SUCH_KEY):
            raise NotStored(f"Nothing is stored under {key}.") from error
        raise StoreUnavailable(f"Cannot {doing} the artifact store: {error.strerror or error}.") from error


def _write(file: BinaryIO, stream: Source) -> Stored:
    digest, size_bytes = hashlib.sha256(), 0
    for piece in pieces(stream):
        with _said_clearly("write"):
            file.write(piece)
        digest.update(piece)
        size_bytes += len(piece)
    with _said_clearly("write"):
        file.flush()
        os.fsync(file.fileno())
    return Stored(size_bytes, digest.hexdigest())


def _follow_no_link(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW)


def _read(file: BinaryIO, start: int, stop: int | None) -> Iterator[bytes]:
    with file:
        file.seek(start)
        left = PIECE_BYTES if stop is None else stop - start
        while left > 0 and (piece := file.read(min(left, PIECE_BYTES))):
            left -= 0 if stop is None else len(piece)
            yield piece


def _make_folder(folder: Path) -> None:
    """With its parents, each of them as durable as what will lie in it."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _keys_below(folder: Path, key: str) -> Iterator[str]:
    """Every file's key, in the order of keys: `a-b` comes before `a/b`, as `-` does before `/`."""
    try:
        found = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    names = [
        entry.name + ("/" if entry.is_dir(follow_symlinks=False) else "") for entry in found if not entry.is_symlink()
    ]
    for name in sorted(name for name in names if not name.startswith(".")):
        below = f"{key}/{name}" if key else name
        if name.endswith("/"):
            yield from _keys_below(folder / name, below.rstrip("/"))
        else:
            yield below


def _info(key: str, found: os.stat_result) -> Info:
    return Info(key, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))
