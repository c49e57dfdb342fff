"""The kinds of sandbox: which there are, which work here, and how to open one."""

from __future__ import annotations

import contextlib
import functools
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from workers.sandbox import bubblewrap, process
from workers.sandbox.docker.engine import Engine
from workers.sandbox.local import LocalSandbox
from workers.sandbox.port import Limits, Programs, Sandbox, SandboxError
from workers.sandbox.setup import LocalKind


@dataclass(frozen=True)
class Wanted:
    """What a sandbox is opened with."""

    scratch: Path
    limits: Limits
    label: str
    sockets: Path | None
    engine: Engine
    image: str
    programs: Programs


@dataclass(frozen=True)
class Kind:
    """`hint` turns a complaint into what to do about it; `by_itself`: it may be chosen without being asked for."""

    name: str
    isolates: bool
    open: Callable[[Wanted], Sandbox]
    hint: Callable[[str], str]
    by_itself: bool = True


def _local(kind: LocalKind) -> Kind:
    def open_it(wanted: Wanted) -> Sandbox:
        if wanted.image:
            raise SandboxError(f"A sandbox of kind {kind.name!r} has no image; use `docker`.", permanent=True)
        return LocalSandbox(kind, wanted.scratch, wanted.limits, wanted.label, wanted.sockets, wanted.programs)

    return Kind(kind.name, kind.isolates, open_it, kind.hint)


def _open_docker(wanted: Wanted) -> Sandbox:
    from workers.sandbox.docker.sandbox import DockerSandbox

    return DockerSandbox(
        wanted.engine,
        wanted.image,
        wanted.scratch,
        wanted.limits,
        wanted.label,
        sockets=wanted.sockets,
        programs=wanted.programs,
    )


# Best first. A kind on another machine or engine is one more entry here, and a name in the contract tests' conftest.
# Docker is used where somebody asks for it: a sandbox takes half a second, and an image that may have to be pulled.
_KINDS = {
    kind.name: kind
    for kind in (
        _local(bubblewrap.KIND),
        Kind("docker", True, _open_docker, lambda complaint: complaint, by_itself=False),
        _local(process.KIND),
    )
}


@dataclass(frozen=True)
class KindReport:
    """Whether a kind works here; `why` says what is missing and what to do, or what to know about it."""

    kind: str
    usable: bool
    why: str
    isolates: bool


def open_sandbox(  # noqa: PLR0913 - who opens one names each
    kind: str = "",
    *,
    scratch: Path,
    label: str,
    limits: Limits | None = None,
    sockets: Path | None = None,
    engine: Engine | None = None,
    image: str = "",
    programs: Programs = MappingProxyType({}),
) -> Sandbox:
    """A sandbox to enter. Empty `kind`: the best that works here.

    `scratch`: a folder for many sandboxes, each below its `label`; as root it should be one that every user may enter.
    `sockets`: a folder for the unix sockets of long-lived processes, when scratch is too long a path for them.
    `engine`, `image`: for the kind docker; empty: the engine that answers here, and its usual image.
    `programs`: of this machine; a container is given copies, which its image must be able to run.
    Raises SandboxError for a kind that nobody knows; entering it does where it cannot start.
    """
    wanted = Wanted(scratch, limits or Limits(), label, sockets, engine or Engine(), image, programs)
    return _known(kind or best_kind()).open(wanted)


def _known(kind: str) -> Kind:
    try:
        return _KINDS[kind]
    except KeyError:
        raise SandboxError(
            f"There is no sandbox kind {kind!r}; there are {', '.join(_KINDS)}.", permanent=True
        ) from None


def kinds() -> list[KindReport]:
    """All kinds, best first, each tried out once per process."""
    return [report_on(name) for name in _KINDS]


def local_kinds() -> list[KindReport]:
    """Those that need no engine."""
    return [report_on(kind.name) for kind in _KINDS.values() if kind.by_itself]


def report_on(name: str, engine: Engine | None = None) -> KindReport:
    return _probe(name, engine or Engine())


def best_kind() -> str:
    """The best kind that works here and needs no asking. Raises SandboxError with every reason when none does."""
    reports = local_kinds()
    for report in reports:
        if report.usable:
            return report.kind
    reasons = "; ".join(f"{report.kind}: {report.why}" for report in reports)
    raise SandboxError(f"No kind of sandbox works here. {reasons}", permanent=True)


@functools.cache
def _probe(name: str, engine: Engine) -> KindReport:
    """Really runs `true` in one."""
    kind = _KINDS[name]
    printed = bytearray()
    try:
        with contextlib.ExitStack() as stack:
            scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hive-probe-")))
            scratch.chmod(0o711)
            sandbox = stack.enter_context(open_sandbox(name, scratch=scratch, label="probe", engine=engine))
            result = sandbox.run(["true"], timeout_s=20, on_output=printed.extend)
            why = sandbox.warning if result.ok else f"{result.message} {printed.decode(errors='replace')}".strip()
            return KindReport(name, result.ok, why, kind.isolates)
    except (SandboxError, OSError) as error:
        return KindReport(name, False, kind.hint(str(error)), kind.isolates)
