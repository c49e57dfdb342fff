"""LocalParts: uploads in parts to a folder. An upload is a folder beside the unfinished files, a part a file in it."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from apps.artifacts.store import links
from apps.artifacts.store.keys import check_key
from apps.artifacts.store.port import NO_UPLOAD, PIECE_BYTES, Link, NotStored, Source, Stored, StoreUnavailable

UPLOAD = re.compile(r"[0-9a-f]{32}")


class LocalParts:
    """`place` and `put`: how the store writes a whole file, to a path and to a key."""

    def __init__(
        self, folder: Path, place: Callable[[Source, Path], Stored], put: Callable[[Source, str], Stored]
    ) -> None:
        self._folder = folder
        self._place = place
        self._put = put

    def begin(self, key: str) -> str:
        check_key(key)
        upload = secrets.token_hex(16)
        try:
            (self._folder / upload).mkdir(parents=True, mode=0o700)
        except OSError as error:
            raise StoreUnavailable(f"Cannot write the artifact store: {error.strerror or error}.") from error
        return upload

    def link(self, key: str, upload: str, number: int, expires_s: float, *, size_bytes: int) -> Link:
        return links.to_part(key, upload, number, expires_s, size_bytes)

    def put(self, stream: Source, key: str, upload: str, number: int) -> int:
        check_key(key)
        return self._place(stream, self._found(upload) / str(int(number))).size_bytes

    def arrived(self, key: str, upload: str) -> dict[int, int]:
        check_key(key)
        return {int(path.name): path.stat().st_size for path in self._parts(upload)}

    def join(self, key: str, upload: str) -> None:
        """A death in between leaves the key, the upload, or both: joined again, it becomes the same."""
        parts = self._parts(upload)
        self._put(_bytes_of(parts), key)
        remove_upload(self._found(upload))

    def _parts(self, upload: str) -> list[Path]:
        found = [path for path in self._found(upload).iterdir() if path.name.isdecimal()]
        return sorted(found, key=lambda path: int(path.name))

    def _found(self, upload: str) -> Path:
        folder = self._folder / upload
        if not UPLOAD.fullmatch(upload) or not folder.is_dir():
            raise NotStored(NO_UPLOAD)
        return folder


def remove_upload(folder: Path) -> None:
    """Also while another process does the same."""
    shutil.rmtree(folder, ignore_errors=True)


def _bytes_of(parts: list[Path]) -> Iterator[bytes]:
    for path in parts:
        try:
            with path.open("rb") as file:
                while piece := file.read(PIECE_BYTES):
                    yield piece
        except FileNotFoundError:  # joined by another process at the same time
            raise NotStored(NO_UPLOAD) from None
