"""A built-in template, made and tested as a job would: in a fresh folder, with a bare environment."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workers.coding.engines.template import render, standard_catalogue


@dataclass(frozen=True)
class Ran:
    """How ./run-tests.sh ended, what it printed, and how many cases its report counts, in all and as failed."""

    exit_code: int
    output: str
    cases: int
    failed: int


def made(name: str, values: Mapping[str, Any], into: Path) -> Path:
    catalogue = standard_catalogue(into.parent / "none", [], into.parent / "cache")
    render(catalogue.find(name), values, into)
    return into


def run_tests(home: Path) -> Ran:
    """Nothing of this process's environment but a python3, which on some machines is not in /usr/bin."""
    path = f"{sys.base_prefix}/bin:/usr/local/bin:/usr/bin:/bin"
    done = subprocess.run(
        ["sh", "-c", "./run-tests.sh"],
        cwd=home,
        env={"PATH": path, "LANG": "C"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=300,
        check=False,
    )
    report = home / "test-results" / "junit.xml"
    suite = ET.parse(report).getroot().find("testsuite") if report.exists() else None
    counts = suite.attrib if suite is not None else {}
    failed = int(counts.get("failures", 0)) + int(counts.get("errors", 0))
    return Ran(done.returncode, done.stdout.decode(), int(counts.get("tests", 0)), failed)


def change(home: Path, name: str, old: str, new: str) -> None:
    """Break something; a mutation that finds nothing to change would prove nothing."""
    path = home / name
    text = path.read_text()
    assert old in text, f"{name} no longer holds {old!r}"
    path.write_text(text.replace(old, new))
