"""One job from here: packed, sent, followed, its files fetched; and canceled where who waits for it is told to stop."""

from __future__ import annotations

import json
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

from hive.ci.client import CannotAsk, Client
from hive.ci.pack import pack

LARGEST_JOB_FILE_BYTES = 256 * 1024


class Stopped(BaseException):
    """Somebody asked this program to stop; not an Exception, so that nothing on the way takes it for an error."""


@dataclass(frozen=True)
class Wish:
    """What is to be sent. `package`: the folder that is packed; None sends none."""

    job_file: Path
    package: Path | None = None
    project: str = ""
    package_url: str = ""
    source: dict[str, str] = field(default_factory=dict)


def submit(client: Client, wish: Wish, say: Callable[[str], None]) -> Any:
    """Send it; the status that Hive answers with. Raises CannotAsk, CannotPack, OSError."""
    data = wish.job_file.read_bytes()
    if len(data) > LARGEST_JOB_FILE_BYTES:
        raise CannotAsk(f"{wish.job_file} has more than {LARGEST_JOB_FILE_BYTES:,} bytes; a job file has less.", 400)
    try:
        fields = {"job": data.decode(), "file": wish.job_file.name[:200]}
    except UnicodeDecodeError as error:
        raise CannotAsk(f"{wish.job_file} is not a text: byte {error.start} is not UTF-8.", 400) from None
    optional = {"project": wish.project, "package_url": wish.package_url}
    fields.update({name: value for name, value in optional.items() if value})
    if wish.source:
        fields["source"] = json.dumps(wish.source)
    if wish.package is None:
        return client.submit(fields, None, 0)
    with tempfile.TemporaryFile() as file:
        packed = pack(wish.package, cast(BinaryIO, file))
        say(f"Packed {packed.entries:,} files of {wish.package}: {packed.size_bytes:,} bytes, SHA-256 {packed.sha256}.")
        fields["package_sha256"] = packed.sha256
        return client.submit(fields, cast(BinaryIO, file), packed.size_bytes)


def cancel(client: Client, job: int) -> str:
    """What came of it, as a sentence. Never raises CannotAsk: who cancels is on the way out."""
    try:
        client.post(f"ci/jobs/{job}/cancel")
    except CannotAsk as error:
        if error.status == 409:
            return f"CI job {job} has ended already."
        return f"CI job {job} could not be canceled: {error}"
    return f"CI job {job} is asked to stop."


@contextmanager
def interruptible(timeout_s: float = 0.0) -> Iterator[None]:
    """SIGINT, SIGTERM and the end of the time become Stopped, once; what comes after that finds the usual handlers."""

    def stop(number: int, _: object) -> None:
        for one in (signal.SIGINT, signal.SIGTERM):
            signal.signal(one, signal.SIG_DFL)
        raise Stopped("The time is over." if number == signal.SIGALRM else signal.Signals(number).name)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)
    before = {one: signal.signal(one, stop) for one in signals}
    if timeout_s:
        signal.setitimer(signal.ITIMER_REAL, timeout_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for one, handler in before.items():
            signal.signal(one, handler)
