from __future__ import annotations

from pathlib import Path

import pytest

from hive.cli.up.child import Child, waves
from hive.cli.up.children import children
from hive.cli.up.installation import Installation
from hive.home import Home


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    monkeypatch.delenv("HIVE_BROKER_URL")
    return Installation(Home(tmp_path), "127.0.0.1", 8123, 64)


def by_name(installation: Installation) -> dict[str, Child]:
    return {child.name: child for child in children(installation)}


def test_all_five_roles_have_a_worker(installation: Installation) -> None:
    table = by_name(installation)
    queues = ",".join(table[name].argv[table[name].argv.index("-Q") + 1] for name in ("steady", "build"))
    assert set(queues.split(",")) == {"manager", "coding", "testing", "deployment", "monitoring"}


def test_coding_and_testing_get_as_many_processes_as_wanted(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIVE_WORKERS", "7")
    build = by_name(installation)["build"].argv
    assert build[build.index("-c") + 1] == "7"


def test_workers_stop_before_what_they_work_with(installation: Installation) -> None:
    order = [name for wave in waves(children(installation)) for name in wave]
    for worker in ("steady", "build"):
        assert order.index(worker) < min(order.index(name) for name in ("valkey", "host", "prepare"))


def test_valkey_is_left_out_only_where_both_its_uses_have_a_server(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIVE_BROKER_URL", "redis://elsewhere/0")
    assert "valkey" in by_name(installation)
    monkeypatch.setenv("HIVE_REDIS_URL", "redis://elsewhere/1")
    assert "valkey" not in by_name(installation)
    assert waves(children(installation))


def test_who_works_on_hive_gets_fresh_code_with_each_restart(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "warm" in by_name(installation)
    monkeypatch.setenv("HIVE_DEBUG", "1")
    assert "warm" not in by_name(installation)


def test_the_web_server_inherits_the_listening_socket_and_opens_the_gate(installation: Installation) -> None:
    web = by_name(installation)["web"]
    assert web.files == (64,)
    assert web.argv[web.argv.index("--fd") + 1] == "64"
    assert web.gate


def test_forwarded_addresses_are_believed_only_behind_a_proxy(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "--no-proxy-headers" in by_name(installation)["web"].argv
    monkeypatch.setenv("HIVE_PROXY_TLS", "1")
    assert "--proxy-headers" in by_name(installation)["web"].argv


def test_flower_is_started_only_where_it_is_asked_for_and_never_open(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "flower" not in by_name(installation)
    monkeypatch.setenv("HIVE_FLOWER_PORT", "5555")
    flower = by_name(installation)["flower"]
    assert "--address=127.0.0.1" in flower.argv
    assert len(flower.environment["FLOWER_BASIC_AUTH"]) > 20


def test_releases_are_shown_on_the_address_that_is_set(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIVE_RELEASE_BIND", "0.0.0.0")
    host = by_name(installation)["host"].argv
    assert host[host.index("--bind") + 1] == "0.0.0.0"
