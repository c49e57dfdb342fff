"""Collect the JUnit reports that a test command left in its sandbox."""

from __future__ import annotations

import io
import tarfile

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


def count(before: Reports, after: Reports) -> tuple[Counts | None, list[str]]:
    """What the reports say that this command wrote, None where there are none; and a note on each that was not read.

    A report that was there before, unchanged, came with the commit: it says nothing about this run.
    """
    counts: Counts | None = None
    notes = []
    for name, data in after.items():
        if before.get(name) == data:
            notes.append(f"The report {name} was there before the tests ran; it does not count.")
            continue
        try:
            counts = (counts or Counts()) + read(data)
        except UnreadableReport as error:
            notes.append(f"The report {name} was not read: {error}.")
    return counts, notes
