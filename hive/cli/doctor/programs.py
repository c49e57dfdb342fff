"""Python, git, opencode: the programs that Hive runs."""

from __future__ import annotations

import platform
import shutil
import sqlite3
import subprocess
import sys

from hive import env
from hive.cli import LOWEST_PYTHON
from hive.cli.doctor.finding import Finding, fail, ok, warn
from workers.coding.engines.opencode.program import NoProgram, find

PATIENCE_S = 4.0
LOWEST_GIT = (2, 30)


def check_python() -> list[Finding]:
    seen = f"{platform.python_version()} at {sys.executable}, SQLite {sqlite3.sqlite_version}"
    if sys.version_info[:2] < LOWEST_PYTHON:
        return fail("python", seen, "Install Python 3.11 or newer, then: make install PYTHON=python3.11")
    return ok("python", seen)


def check_git() -> list[Finding]:
    said = first_line("git", "--version")
    if said is None:
        return fail("git", "not installed", "apt-get install git")
    numbers = tuple(int(word) for word in said.split()[-1].split(".")[:2] if word.isdigit())
    if numbers < LOWEST_GIT:
        return warn("git", said, "Install git 2.30 or newer; Hive is not tried with older ones.")
    return ok("git", said)


def check_opencode() -> list[Finding]:
    named = env.get("HIVE_OPENCODE")
    if not named and not shutil.which("opencode"):
        return ok("opencode", "not installed; only specs with `engine: opencode` need it", "npm install -g opencode-ai")
    try:
        program = find(named)
    except NoProgram as error:
        return warn("opencode", str(error), "See docs/engines.md.")
    said = first_line(str(program), "--version")
    if said is None:
        return warn("opencode", f"`{program} --version` does not answer", "Run it by hand and see what it says.")
    if shutil.which("rg") is None:
        return ok("opencode", f"{said} at {program}, without ripgrep", "apt-get install ripgrep, so that it can search")
    return ok("opencode", f"{said} at {program}")


def first_line(*argv: str) -> str | None:
    """What a program prints first; None where it is not there, fails or takes too long."""
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip().partition("\n")[0]
