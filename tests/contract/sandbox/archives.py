"""Tars as they should be, and as nobody should make them."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable
from typing import BinaryIO

from tests import archives


def tar_of(files: dict[str, bytes], mode: int = 0o644) -> BinaryIO:
    return io.BytesIO(archives.tar_of(files, mode=mode))


def tar_with(*members: tuple[str, bytes, str], compression: str = "") -> BinaryIO:
    """(name, type, link target) each, without content."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=f"w:{compression}") as archive:  # type: ignore[call-overload]
        for name, sort, target in members:
            member = tarfile.TarInfo(name)
            member.type, member.linkname, member.mode = sort, target, 0o755
            archive.addfile(member)
    buffer.seek(0)
    return buffer


def listing(chunks: Iterable[bytes]) -> dict[str, bytes | str]:
    """What a tar holds: names with their content, a link's target, or "/" for a folder."""
    found: dict[str, bytes | str] = {}
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
        for member in archive:
            if member.isdir():
                found[member.name] = "/"
            elif member.issym():
                found[member.name] = f"→ {member.linkname}"
            else:
                content = archive.extractfile(member)
                assert content is not None
                found[member.name] = content.read()
    return found
