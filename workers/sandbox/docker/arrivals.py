"""What comes out of a container: brought into a folder of this machine's, and judged there like any other tree."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from workers.sandbox.chunks import as_file
from workers.sandbox.docker.engine import telling
from workers.sandbox.export import Export, Patterns
from workers.sandbox.port import SandboxError
from workers.sandbox.tree import Names, Tree
from workers.sandbox.unpack import Bounds, TooMuch

_CHUNK_BYTES = 1024 * 1024


class Arrivals:
    """See port.TarStream. `bring` is asked to fill it when the reading begins."""

    def __init__(
        self,
        globs: Sequence[str],
        bounds: Bounds,
        stages: Path,
        bring: Callable[[Arrivals], None],
        fetch: Callable[[Names], bytes],
    ) -> None:
        """`fetch`: the content of one plain file. Raises UnsafePath for a glob that leads out."""
        self._globs, self._bounds, self._stages = globs, bounds, stages
        self._bring, self._fetch = bring, fetch
        self._patterns = Patterns([Tree(stages).names(glob) for glob in globs])
        self._links: list[tuple[Names, Names]] = []
        self._size_bytes = 0
        self.refused: list[str] = []
        self.names: dict[str, str] = {}
        self.entries = 0
        self.size_bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        """Raises TooMuch beyond the bounds, SandboxError when a file changes while it is read."""
        stage = Path(tempfile.mkdtemp(dir=self._stages))
        try:
            self._tree = Tree(stage)
            self._bring(self)
            self._make_links()
            export = Export(self._tree, self._globs, self._bounds)
            yield from export
            self.refused += export.refused
            self.names, self.entries, self.size_bytes = export.names, export.entries, export.size_bytes
        finally:
            shutil.rmtree(stage, ignore_errors=True)

    def take(self, chunks: Any, top: Names) -> None:
        """A tar of the engine's; `top` is what its first name stands for."""
        with telling("The workspace cannot be read"):
            try:
                with tarfile.open(fileobj=as_file(chunks), mode="r|") as archive:
                    while member := archive.next():
                        archive.members = []  # type: ignore[attr-defined]  # else it remembers every entry
                        self._take(archive, member, top)
            except (tarfile.TarError, EOFError, ValueError) as error:
                raise SandboxError(f"The workspace changed while it was read: {error}.") from error
            finally:
                chunks.close()

    def _take(self, archive: tarfile.TarFile, member: tarfile.TarInfo, top: Names) -> None:
        """Folders and links are needed to judge where links lead; of files only those that were asked for."""
        names = (*top, *_parts(member.name)[1:])
        if not names:
            return
        if member.isdir():
            self._tree.make_folder(names)
        elif member.issym():
            self._tree.link(names, member.linkname)
        elif not self._wanted(names):
            return
        elif member.islnk():
            self._links.append((names, (*top, *_parts(member.linkname)[1:])))
        elif member.isreg():
            self._copy(archive, member, names)
        else:
            self.refused.append(f"{'/'.join(names)}: neither a file nor a folder")

    def _wanted(self, names: Names) -> bool:
        states = self._patterns.start
        if self._patterns.complete(states):
            return True
        for name in names:
            states = self._patterns.step(states, name)
            if self._patterns.complete(states):
                return True
        return False

    def _copy(self, archive: tarfile.TarFile, member: tarfile.TarInfo, names: Names) -> None:
        self._size_bytes += member.size
        if self._size_bytes > self._bounds.size_bytes:
            raise TooMuch(f"More than {self._bounds.size_bytes} bytes were asked for; stopped at {'/'.join(names)!r}.")
        content = archive.extractfile(member)
        with self._tree.create(names, member.mode) as file, open(file, "wb", closefd=False) as writer:
            while content and (chunk := content.read(_CHUNK_BYTES)):
                writer.write(chunk)

    def _make_links(self) -> None:
        """A second name of a file that was not asked for under its first one: then it is fetched on its own."""
        for names, existing in self._links:
            try:
                self._tree.hard_link(names, existing)
            except FileNotFoundError:
                self._tree.write("/".join(names), self._fetch(names), 0o644)


def _parts(name: str) -> Names:
    return tuple(part for part in name.split("/") if part not in ("", ".", ".."))
