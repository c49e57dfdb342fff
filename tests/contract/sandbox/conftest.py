"""Every kind of sandbox that works here, one after the other. A new kind is a name in KINDS and what it needs."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.servers import docker
from workers.sandbox import Limits, Sandbox, kinds, open_sandbox

KINDS = {
    "bubblewrap": "needs bubblewrap: apt-get install bubblewrap",
    "docker": docker.NEEDS,
    "process": "needs a Linux with /proc",
}

OpenSandbox = Callable[..., Sandbox]


def need(kind: str) -> None:
    report = next(report for report in kinds() if report.kind == kind)
    if not report.usable:
        pytest.skip(f"{KINDS[kind]} ({report.why})")


@pytest.fixture(params=list(KINDS))
def kind(request: pytest.FixtureRequest) -> str:
    need(request.param)
    return str(request.param)


@pytest.fixture(params=[kind for kind in KINDS if kind != "docker"])
def local_kind(request: pytest.FixtureRequest) -> str:
    """For what is true of a process of this machine's."""
    need(request.param)
    return str(request.param)


@pytest.fixture
def open_local(local_kind: str, open_kind: OpenSandbox) -> OpenSandbox:
    return lambda label="", **limits: open_kind(local_kind, label, **limits)


@pytest.fixture
def bubblewrap() -> str:
    need("bubblewrap")
    return "bubblewrap"


@pytest.fixture
def as_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root")


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A folder that every user may enter: pytest's own are closed, and root then could not step down."""
    folder = Path(tempfile.mkdtemp(prefix="hive-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def open_kind(scratch: Path) -> Iterator[OpenSandbox]:
    """Opens a sandbox of a named kind; it is left when the test ends."""
    with ExitStack() as stack:
        numbers = iter(range(100))

        def enter(kind: str, label: str = "", **limits: Any) -> Sandbox:
            made = open_sandbox(kind, scratch=scratch, label=label or f"box-{next(numbers)}", limits=Limits(**limits))
            return stack.enter_context(made)

        yield enter


@pytest.fixture
def open_here(kind: str, open_kind: OpenSandbox) -> OpenSandbox:
    """Opens a sandbox of the kind under test, with limits as keywords."""
    return lambda label="", **limits: open_kind(kind, label, **limits)


@pytest.fixture
def sandbox(open_here: OpenSandbox) -> Sandbox:
    return open_here()
