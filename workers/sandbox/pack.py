"""A tar on its way into an archive: compressed, bounded, without what must not be kept; a chunk at a time."""

from __future__ import annotations

import sys
import tarfile
import zlib
from collections.abc import Iterable, Iterator, Sequence

from workers.sandbox.chunks import as_file
from workers.sandbox.port import MIB
from workers.sandbox.unpack import NOTHING_AFTER_A_HEADER

_CHUNK_BYTES = 256 * 1024
_FASTEST = 1  # on source code, level 6 takes four times as long for a sixth less
_GZIP = 31  # zlib's number for its largest window in a gzip file


class Packing:
    """The tar.gz, made while it is read. Afterwards `left_out` says what is not in it, and why.

    Files that do not fit into `limit_bytes` (of content) are left out, smaller ones after them are not. Wherever one
    of `secrets` stands in a file or a name, stars of the same length stand in the archive.
    """

    def __init__(
        self,
        tar: Iterable[bytes],
        limit_bytes: int,
        secrets: Sequence[bytes] = (),
        without: frozenset[str] = frozenset(),
    ) -> None:
        self._tar = tar
        self._limit_bytes = limit_bytes
        self._secrets = secrets
        self._without = without
        self.size_bytes = 0
        self.left_out: list[str] = []

    def __iter__(self) -> Iterator[bytes]:
        gzip = zlib.compressobj(_FASTEST, zlib.DEFLATED, _GZIP)
        for chunk in self.entries():
            if packed := gzip.compress(chunk):
                yield packed
        yield gzip.flush()

    def entries(self) -> Iterator[bytes]:
        """The tar before it is compressed."""
        with self._opened() as archive:
            while member := archive.next():
                archive.members = []  # type: ignore[attr-defined]  # else it remembers every entry
                if self._takes(member):
                    self._hide_names(member)
                    yield member.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
                    yield from self._content(archive, member)
        yield bytes(2 * tarfile.BLOCKSIZE)

    def _opened(self) -> tarfile.TarFile:
        try:
            return tarfile.open(fileobj=as_file(self._tar), mode="r|")
        except tarfile.ReadError as error:
            if str(error) != NOTHING_AFTER_A_HEADER:
                raise
            return tarfile.open(fileobj=as_file([bytes(tarfile.RECORDSIZE)]), mode="r|")

    def _takes(self, member: tarfile.TarInfo) -> bool:
        if member.name in self._without:
            return False
        size = member.size if member.isreg() else 0
        if self.size_bytes + size > self._limit_bytes:
            self.left_out.append(f"{member.name}: {size:,} bytes do not fit into {self._limit_bytes // MIB} MiB")
            return False
        self.size_bytes += size
        return True

    def _hide_names(self, member: tarfile.TarInfo) -> None:
        """Its header is written anew: what the old one said in other words (long names, comments) must not stand."""
        member.pax_headers = {}
        member.name, member.linkname = (_hidden(name, self._secrets) for name in (member.name, member.linkname))

    def _content(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[bytes]:
        source = archive.extractfile(member) if member.isreg() else None
        if source is None:
            return
        hide = _Hiding(self._secrets)
        while chunk := source.read(_CHUNK_BYTES):
            yield hide.feed(chunk)
        yield hide.rest() + bytes(-member.size % tarfile.BLOCKSIZE)


def without_secrets(tar: Iterable[bytes], secrets: Sequence[bytes]) -> Iterator[bytes]:
    """The same tar, a chunk at a time, with stars of the same length in place of secrets."""
    return Packing(tar, sys.maxsize, secrets).entries()


def _hidden(name: str, secrets: Sequence[bytes]) -> str:
    data = name.encode("utf-8", "surrogateescape")
    for secret in secrets:
        data = data.replace(secret, b"*" * len(secret))
    return data.decode("utf-8", "surrogateescape")


class _Hiding:
    """Stars in place of secrets, also of one that is split over two chunks."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        self._secrets = secrets
        self._keep = max((len(secret) for secret in secrets), default=1) - 1
        self._held = b""

    def feed(self, chunk: bytes) -> bytes:
        data = self._held + chunk
        for secret in self._secrets:
            data = data.replace(secret, b"*" * len(secret))
        cut = max(len(data) - self._keep, 0)
        self._held = data[cut:]
        return data[:cut]

    def rest(self) -> bytes:
        return self._held
