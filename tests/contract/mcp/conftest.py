"""Servers of every kind of way: inside each kind of sandbox that works here."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.contract.sandbox.conftest import KINDS, need
from tests.mcp_servers import SERVERS
from tests.mcp_servers.packages import packed
from workers.mcp.asked import Network
from workers.mcp.servers import JobServers
from workers.sandbox import Sandbox, open_sandbox

Open = Callable[..., JobServers]


@contextmanager
def opened(kind: str) -> Iterator[Sandbox]:
    need(kind)
    with tempfile.TemporaryDirectory(prefix="hive-test-") as folder:
        Path(folder).chmod(0o711)
        with open_sandbox(kind, scratch=Path(folder), label="mcp") as sandbox:
            yield sandbox


LOCAL = [kind for kind in KINDS if kind != "docker"]


@pytest.fixture(scope="module", params=list(KINDS))
def box(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """One for all tests of a module."""
    with opened(request.param) as sandbox:
        sandbox.write("rough.py", (SERVERS / "rough.py").read_bytes())
        yield sandbox


@pytest.fixture
def local_box(box: Sandbox) -> Sandbox:
    """For what costs seconds in a container, and is no other there."""
    if box.kind == "docker":
        pytest.skip("the same as in the others")
    return box


@pytest.fixture(scope="module", params=LOCAL)
def furnished(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """The same with the packages that real servers need, as a project's repository might have them. Not in a container:
    its Python may be of another version."""
    with opened(request.param) as sandbox:
        sandbox.unpack(io.BytesIO(packed("mcp-server-time")))
        sandbox.write("busy.py", (SERVERS / "busy.py").read_bytes())
        yield sandbox


@pytest.fixture
def open_servers(box: Sandbox) -> Iterator[Open]:
    with ExitStack() as stack:
        yield lambda *servers: stack.enter_context(JobServers(servers, box, Network()))


def names(servers: JobServers, server: str) -> list[str]:
    offers = servers.tools()[server]
    assert not isinstance(offers, Exception), offers
    return [one.name for one in offers]
