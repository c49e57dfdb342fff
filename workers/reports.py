"""The JUnit reports that a test command left in its sandbox: collected, counted, and sent as one file."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping

from workers.junit import SIZE_LIMIT_BYTES, Counts, UnreadableReport, read
from workers.sandbox.port import WORKSPACE, Sandbox

Reports = dict[str, bytes]


def reports_in(sandbox: Sandbox, cwd: str, pattern: str) -> Reports:
    """Every file that matches, by name; nothing where they are too large together to be reports."""
    below = cwd.removeprefix(WORKSPACE).strip("/")
    held = io.BytesIO()
    for chunk in sandbox.export([f"{below}/{pattern}" if below else pattern]):
        held.write(chunk)
        if held.tell() > 2 * SIZE_LIMIT_BYTES:
            return {}
    held.seek(0)
    with tarfile.open(fileobj=held, mode="r:") as tar:
        files = ((member.name, tar.extractfile(member)) for member in tar)
        return {name: file.read() for name, file in files if file is not None}


def written(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> tuple[Reports, list[str]]:
    """Those that this command wrote, and a note on each that it found."""
    fresh = {name: data for name, data in after.items() if before.get(name) != data}
    found = [name for name in after if name not in fresh]
    return fresh, [f"The report {name} was there before the tests ran; it does not count." for name in found]


def count(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> tuple[Counts | None, list[str]]:
    """What the reports say that this command wrote, None where there are none; and a note on each that was not read.

    A report that was there before, unchanged, came with the commit: it says nothing about this run.
    """
    counts: Counts | None = None
    fresh, notes = written(before, after)
    for name, data in fresh.items():
        try:
            counts = (counts or Counts()) + read(data)
        except UnreadableReport as error:
            notes.append(f"The report {name} was not read: {error}.")
    return counts, notes


def as_tar(reports: Mapping[str, bytes]) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as tar:
        for name, data in reports.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return held.getvalue()


def from_tar(data: bytes) -> Reports:
    """The files in it; nothing is unpacked. Somebody else made it: what is not a tar holds no report."""
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
            files = ((member.name, tar.extractfile(member)) for member in tar if member.isreg())
            return {name: file.read() for name, file in files if file is not None}
    except (tarfile.TarError, ValueError, EOFError):
        return {}
