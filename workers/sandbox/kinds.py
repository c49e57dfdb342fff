"""The kinds of sandbox: which there are, which work here, and how to open one."""

from __future__ import annotations

import contextlib
import functools
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from workers.sandbox import bubblewrap, process
from workers.sandbox.local import LocalSandbox
from workers.sandbox.port import Limits, Sandbox, SandboxError
from workers.sandbox.setup import LocalKind


@dataclass(frozen=True)
class Kind:
    """`open` takes scratch, limits, label, sockets; `hint` turns a complaint into what to do about it."""

    name: str
    isolates: bool
    open: Callable[[Path, Limits, str, Path | None], Sandbox]
    hint: Callable[[str], str]


def _local(kind: LocalKind) -> Kind:
    return Kind(kind.name, kind.isolates, functools.partial(LocalSandbox, kind), kind.hint)


# Best first. A kind on another machine or engine is one more entry here, and a name in the contract tests' conftest.
_KINDS = {kind.name: kind for kind in (_local(bubblewrap.KIND), _local(process.KIND))}


@dataclass(frozen=True)
class KindReport:
    """Whether a kind works here; `why` says what is missing and what to do, or what to know about it."""

    kind: str
    usable: bool
    why: str
    isolates: bool


def open_sandbox(
    kind: str = "", *, scratch: Path, label: str, limits: Limits | None = None, sockets: Path | None = None
) -> Sandbox:
    """A sandbox to enter. Empty `kind`: the best that works here.

    `scratch`: a folder for many sandboxes, each below its `label`; as root it should be one that every user may enter.
    `sockets`: a folder for the unix sockets of long-lived processes, when scratch is too long a path for them.
    Raises SandboxError for a kind that nobody knows; entering it does where it cannot start.
    """
    return _known(kind or best_kind()).open(scratch, limits or Limits(), label, sockets)


def _known(kind: str) -> Kind:
    try:
        return _KINDS[kind]
    except KeyError:
        raise SandboxError(
            f"There is no sandbox kind {kind!r}; there are {', '.join(_KINDS)}.", permanent=True
        ) from None


def kinds() -> list[KindReport]:
    """All kinds, best first, each tried out once per process."""
    return [_probe(name) for name in _KINDS]


def best_kind() -> str:
    """The best kind that works here. Raises SandboxError with every reason when none does."""
    for name in _KINDS:
        if _probe(name).usable:
            return name
    reasons = "; ".join(f"{report.kind}: {report.why}" for report in kinds())
    raise SandboxError(f"No kind of sandbox works here. {reasons}", permanent=True)


@functools.cache
def _probe(name: str) -> KindReport:
    """Really runs `true` in one."""
    kind = _KINDS[name]
    printed = bytearray()
    try:
        with contextlib.ExitStack() as stack:
            scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hive-probe-")))
            scratch.chmod(0o711)
            sandbox = stack.enter_context(open_sandbox(name, scratch=scratch, label="probe"))
            result = sandbox.run(["true"], timeout_s=20, on_output=printed.extend)
            why = sandbox.warning if result.ok else f"{result.message} {printed.decode(errors='replace')}".strip()
            return KindReport(name, result.ok, why, kind.isolates)
    except (SandboxError, OSError) as error:
        return KindReport(name, False, kind.hint(str(error)), kind.isolates)
