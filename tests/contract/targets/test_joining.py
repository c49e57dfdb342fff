"""Where Hive runs in a container itself, it enters the networks of the releases on the same engine."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker.models.containers import Container

from tests.servers.docker import LABEL, PYTHON_IMAGE, engine, require_engine
from workers.deployment.containers import creating
from workers.deployment.containers.creating import ensure_network, remove_network


@pytest.fixture
def hives() -> Iterator[Container]:
    """A container on the engine, as the one that Hive's worker runs in."""
    require_engine()
    with engine() as client:
        container = client.containers.create(PYTHON_IMAGE, ["sleep", "60"], network_mode="bridge", labels={LABEL: "1"})
        container.start()
        yield container
        container.remove(force=True)


@pytest.fixture
def network() -> Iterator[str]:
    name = f"hive-test-{secrets.token_hex(4)}"
    yield name
    with engine() as client:
        remove_network(client.api, name)


def networks_of(container: Container) -> set[str]:
    container.reload()
    return set(container.attrs["NetworkSettings"]["Networks"])


def as_in(monkeypatch: pytest.MonkeyPatch, hostname: str, mark: Path) -> None:
    """As it looks from inside a container: the engine's mark, and a short id as the name of the host."""
    mark.touch()
    monkeypatch.setattr(creating, "IN_CONTAINER", mark)
    monkeypatch.setattr("socket.gethostname", lambda: hostname)


def test_it_enters_a_releases_network_once_and_leaves_when_that_goes(
    hives: Container, network: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    as_in(monkeypatch, str(hives.short_id), tmp_path / "mark")
    with engine() as client:
        for _ in range(2):
            ensure_network(client.api, network, {LABEL: "1"}, internet=False)
        assert networks_of(hives) == {"bridge", network}
        remove_network(client.api, network)
        assert networks_of(hives) == {"bridge"}


def test_on_another_engine_than_its_own_it_enters_nothing(
    hives: Container, network: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    as_in(monkeypatch, "0123456789ab", tmp_path / "mark")
    with engine() as client:
        ensure_network(client.api, network, {LABEL: "1"}, internet=False)
        assert client.api.inspect_network(network)["Containers"] == {}


def test_outside_a_container_it_enters_nothing(
    hives: Container, network: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(creating, "IN_CONTAINER", tmp_path / "no mark")
    monkeypatch.setattr("socket.gethostname", lambda: str(hives.short_id))
    with engine() as client:
        ensure_network(client.api, network, {LABEL: "1"}, internet=False)
    assert networks_of(hives) == {"bridge"}
