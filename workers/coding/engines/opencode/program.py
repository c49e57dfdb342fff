"""Where the program opencode lies: the binary that a sandbox can be given, whichever way npm installed it."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Iterator
from pathlib import Path

INSTALL = "npm install -g opencode-ai, or set HIVE_OPENCODE to its program"
_ARCHITECTURES = {"x86_64": "x64", "aarch64": "arm64"}
_ELF = b"\x7fELF"


class NoProgram(Exception):
    """There is no opencode here that a sandbox can be given; the message says what was looked at."""


def find(named: str, *, elsewhere: bool = False) -> Path:
    """The binary. `named` is HIVE_OPENCODE; empty: on PATH. npm's own starter is followed to it. Raises NoProgram.

    `elsewhere`: it may run on another machine, whose processor may know less than this one's.
    """
    found = shutil.which(named or "opencode")
    if found is None:
        what = f"HIVE_OPENCODE={named} is no program" if named else "opencode is not installed"
        raise NoProgram(f"{what}. Use {INSTALL}.")
    path = Path(found).resolve()
    for each in (path, *_in_packages(path, baseline=elsewhere or not _has_avx2())):
        if _is_binary(each):
            return each
    raise NoProgram(f"{path} only starts opencode, and its package is not beside it. Use {INSTALL}.")


def _is_binary(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_ELF)) == _ELF
    except OSError:
        return False


def _in_packages(path: Path, *, baseline: bool) -> Iterator[Path]:
    """npm puts the binary into a package of its own, beside or below the one that starts it."""
    base = f"opencode-linux-{_ARCHITECTURES.get(platform.machine(), platform.machine())}"
    names = [f"{base}-baseline", base] if baseline else [base, f"{base}-baseline"]
    for folder in path.parents:
        modules = folder if folder.name == "node_modules" else folder / "node_modules"
        for name in names:
            yield modules / name / "bin" / "opencode"


def _has_avx2() -> bool:
    try:
        return platform.machine() != "x86_64" or " avx2" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
