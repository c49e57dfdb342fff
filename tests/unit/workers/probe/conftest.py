from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import HTTPServer, ThreadingHTTPServer

import pytest

from tests.unit.workers.probe.site import Site, UnixServer
from workers.probe.address import Address


@pytest.fixture(scope="module", params=["tcp", "unix"])
def address(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    path = str(tmp_path_factory.mktemp("site") / "s")
    server: HTTPServer
    if request.param == "unix":
        server = UnixServer(path, Site)  # type: ignore[arg-type]
        where: Address = ("unix", path)
    else:
        server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
        where = ("tcp", "127.0.0.1", server.server_port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield where
    server.shutdown()
    server.server_close()
