"""Tars as they should be, for whatever takes one."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping


def tar_of(files: Mapping[str, bytes], compression: str = "", mode: int = 0o644) -> bytes:
    """`compression`: "" or gz. `mode`: what every file may be used for."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode=f"w:{compression}") as tar:  # type: ignore[call-overload]
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), mode
            tar.addfile(member, io.BytesIO(data))
    return held.getvalue()
