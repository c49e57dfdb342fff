"""Commit: a commit's files, kept on disk in one tar while images are made of them, and never unpacked here."""

from __future__ import annotations

import io
import posixpath
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from workers.sandbox.port import SandboxError, UnsafePath
from workers.sandbox.unpack import TooMuch

CHUNK_BYTES = 1024 * 1024
MOST_ENTRIES = 200_000
TEXT_BYTES = 1024 * 1024


class NotAFile(Exception):
    """There is no such file in the commit, or it is none."""


class Commit:
    """Names are relative to the root of the commit: `tasks/site/Dockerfile`."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self._members: dict[str, tarfile.TarInfo] = {}
        for member in tar:
            if len(self._members) >= MOST_ENTRIES:
                raise TooMuch(f"The commit has more than {MOST_ENTRIES} entries.")
            self._members[_safe(member)] = member

    def text(self, name: str) -> str:
        """A text file of at most 1 MiB. Raises NotAFile, with a sentence for the reader."""
        member = self._members.get(name)
        if member is None:
            raise NotAFile(f"There is no file {name!r} in the commit.")
        file = self._tar.extractfile(member) if member.isreg() else None
        if file is None or member.size > TEXT_BYTES:
            raise NotAFile(f"{name!r} is no plain file of at most 1 MiB.")
        try:
            return file.read().decode()
        except UnicodeDecodeError:
            raise NotAFile(f"{name!r} is not UTF-8 text.") from None

    def has(self, name: str) -> bool:
        return name in self._members

    def context(self, below: str, into: BinaryIO, extra: Mapping[str, bytes], *, prefix: str = "") -> None:
        """Write the files below a folder (empty: all) as a tar of their own, under `prefix`; and `extra` files."""
        inside = f"{below}/" if below else ""
        with tarfile.open(fileobj=into, mode="w", format=tarfile.PAX_FORMAT) as out:
            for name, member in self._members.items():
                inner = name.removeprefix(inside)
                if not name.startswith(inside) or inner in ("", ".") or prefix + inner in extra:
                    continue
                entry = _renamed(member, prefix + inner)
                out.addfile(entry, self._tar.extractfile(member) if member.isreg() else None)
            for name, data in extra.items():
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = len(data), 0o644
                out.addfile(entry, io.BytesIO(data))


@contextmanager
def kept(checkout: BinaryIO, path: Path, limit_bytes: int, over: Callable[[], bool]) -> Iterator[Commit]:
    """The commit in `checkout`, in a file that is gone afterwards.

    Raises UnsafePath for a name that leads out of it, TooMuch, SandboxError for what is no tar, OSError for the disk.
    Ends early, with what has come so far as an incomplete tar, where `over` becomes true.
    """
    try:
        with path.open("w+b") as file:
            size = 0
            while not over() and (chunk := checkout.read(CHUNK_BYTES)):
                size += len(chunk)
                if size > limit_bytes:
                    raise TooMuch(f"The commit holds more than {limit_bytes} bytes (limits.disk).")
                file.write(chunk)
            file.seek(0)
            try:
                with tarfile.open(fileobj=file, mode="r:") as tar:
                    yield Commit(tar)
            except tarfile.TarError as error:
                raise SandboxError(f"This is not a complete tar: {error}.", permanent=True) from error
    finally:
        path.unlink(missing_ok=True)


def _safe(member: tarfile.TarInfo) -> str:
    name = posixpath.normpath(member.name)
    if name.startswith(("/", "../")) or name in ("..",) or "\0" in name:
        raise UnsafePath(f"{member.name!r} leads out of the commit.")
    if not (member.isreg() or member.isdir() or member.issym()):
        raise UnsafePath(f"{member.name!r} is a device, a pipe or something else that is no file.")
    return name


def _renamed(member: tarfile.TarInfo, name: str) -> tarfile.TarInfo:
    """Owned by root, and readable for whoever the container runs as."""
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname, entry.size = member.type, member.linkname, member.size if member.isreg() else 0
    entry.mode, entry.mtime = member.mode & 0o777 | (0o555 if member.isdir() else 0o444), member.mtime
    return entry
